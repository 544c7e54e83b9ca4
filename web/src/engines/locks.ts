/** What only one tab does at a time (Web Locks), and what tabs tell each other. */

export interface Locks {
  /** Does it unless another tab does. False: another does. */
  unlessHeld(name: string, what: () => Promise<void>): Promise<boolean>;
  /** Resolves when no tab does it any more. */
  free(name: string): Promise<void>;
}

/** Browsers give none to pages that came neither over HTTPS nor from this machine. */
const manager = () => navigator.locks as LockManager | undefined;

export const locks: Locks = {
  async unlessHeld(name, what) {
    const held = manager()?.request(name, { ifAvailable: true }, async (lock) => {
      if (lock === null) return false;
      await what();
      return true;
    });
    if (held) return held;
    await what();
    return true;
  },
  free: async (name) => { await manager()?.request(name, () => {}); },
};

export interface Tabs<Word> {
  tell(word: Word): void;
  onWord(listener: (word: Word) => void): void;
}

export function tabs<Word>(name: string): Tabs<Word> {
  const channel = new BroadcastChannel(name);
  return {
    tell: (word) => channel.postMessage(word),
    onWord: (listener) => { channel.onmessage = (event: MessageEvent<Word>) => listener(event.data); },
  };
}
