/** Set in the browser's storage while something that is on its way is kept there. */
export const SENDING = 'hearth.sending';
