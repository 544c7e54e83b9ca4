/** An image as it is sent: the right way up, and no larger than it is of use. */
import { IMAGE_MAX_BYTES } from '../../../protocol/generated/limits';

export const LONG_SIDE_MAX_PX = 2_560;
const QUALITY = 0.9;
const STILL_PX = 320;
/** What the server reads. */
const SENT_AS_THEY_ARE = ['image/jpeg', 'image/png', 'image/webp', 'image/gif'];

export interface PreparedImage {
  readonly file: Blob;
  readonly width: number;
  readonly height: number;
  /** A small one, as a `data:` URL. */
  readonly picture: string;
}

/** The size that it is sent in: never larger than it is. */
export function fitted(width: number, height: number): { readonly width: number; readonly height: number } {
  const scale = Math.min(1, LONG_SIDE_MAX_PX / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

function drawn(bitmap: ImageBitmap, width: number, height: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context) context.imageSmoothingQuality = 'high';
  context?.drawImage(bitmap, 0, 0, width, height);
  return canvas;
}

/** Null where this browser can't read it. */
export async function preparedImage(file: Blob): Promise<PreparedImage | null> {
  const bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' }).catch(() => null);
  if (bitmap === null) return null;
  try {
    const size = fitted(bitmap.width, bitmap.height);
    const still = Math.min(1, STILL_PX / Math.max(size.width, size.height));
    const picture = drawn(bitmap, Math.max(1, Math.round(size.width * still)), Math.max(1, Math.round(size.height * still))).toDataURL('image/jpeg', 0.7);
    // What moves would stand still, were it drawn anew.
    const asItIs = SENT_AS_THEY_ARE.includes(file.type) && (file.type === 'image/gif' || (size.width === bitmap.width && file.size <= IMAGE_MAX_BYTES));
    if (asItIs) return { file, ...size, picture };
    const kind = file.type === 'image/png' || file.type === 'image/webp' ? 'image/webp' : 'image/jpeg';
    const made = await new Promise<Blob | null>((settle) => drawn(bitmap, size.width, size.height).toBlob(settle, kind, QUALITY));
    return made && { file: made, ...size, picture };
  } finally {
    bitmap.close();
  }
}
