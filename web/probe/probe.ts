// A mistake on purpose: `npm run check` fails if this is not reported.
export const count: number = 'not a number';
