/** The build of hls.js without subtitles, encryption and advertisements has no types of its own; they are those of the whole. */
declare module 'hls.js/light' {
  export { default, Events, ErrorTypes, ErrorDetails } from 'hls.js';
  export type * from 'hls.js';
}
