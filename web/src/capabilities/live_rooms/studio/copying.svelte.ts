/** Copying a text, and saying for a moment that it was. */

/** How long "Copied" stands in the button's place. */
export const COPIED_STAYS_MS = 2_000;

export class Copying {
  /** What was copied last, for a moment. */
  copied = $state<string | null>(null);
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param field where it is shown, for pages without a clipboard: only one that came over https, or from this machine, has it */
  async copy(text: string, field?: HTMLInputElement | null): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      field?.select();
      if (!document.execCommand('copy')) return;
    }
    this.copied = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.copied = null; }, COPIED_STAYS_MS);
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}
