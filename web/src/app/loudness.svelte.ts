/** How loud the stream is beside the person's own wish: 1, or less while somebody speaks over it. */
let factor = $state(1);

export const loudness = {
  get factor() { return factor; },
  set factor(value: number) { factor = Math.min(1, Math.max(0, value)); },
};
