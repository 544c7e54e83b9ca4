/** What waits for its code: it comes with the first thing to hear, and nothing is heard out of turn meanwhile. */
export class Soon<Model> {
  current = $state.raw<Model | null>(null);
  #opening: Promise<Model> | undefined;

  constructor(private readonly make: () => Promise<Model>) {}

  get begun(): boolean { return this.#opening !== undefined; }

  open(): Promise<Model> {
    return (this.#opening ??= this.make().then((model) => (this.current = model)));
  }
}
