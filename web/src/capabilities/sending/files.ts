/** What may be sent, by what a browser says of a file. */

/** Files that are kept in the browser until they are sent, so that they go on by themselves after the page was loaded anew. */
export const KEPT_MAX_BYTES = 256 * 1024 * 1024;

/** Browsers don't know every container by name. */
const FILMS = /\.(?:3gp|avi|flv|m2ts|m4v|mkv|mov|mp4|mpe?g|mts|ogv|ts|webm|wmv)$/i;

export const ACCEPTED = 'video/*,image/*,.mkv,.avi,.mov,.mts,.m2ts,.ts,.flv,.wmv';

export function kindOf(file: { readonly type: string; readonly name: string }): 'video' | 'image' | null {
  if (file.type.startsWith('image/')) return 'image';
  return file.type.startsWith('video/') || FILMS.test(file.name) ? 'video' : null;
}

/** Whether it is the file that something was begun with. Of what another device began the time of change isn't known. */
export function sameFile(file: { readonly name: string; readonly size: number; readonly lastModified: number }, begun: { readonly name: string; readonly bytes: number; readonly modified_ms: number | null }): boolean {
  return file.name === begun.name && file.size === begun.bytes && (begun.modified_ms === null || file.lastModified === begun.modified_ms);
}
