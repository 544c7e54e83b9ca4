/** A picture of whatever size and kind as a cover: no larger than it is shown, and without what a camera writes into its files. */
import { COVER_MAX_BYTES } from '../../../protocol/generated/limits';

export const COVER_WIDTH_PX = 1_280;
export const COVER_HEIGHT_PX = 720;
const QUALITY = 0.86;

/** The part of a picture that fills 16 by 9, from its middle. */
export function crop(width: number, height: number): { x: number; y: number; width: number; height: number } {
  const shape = COVER_WIDTH_PX / COVER_HEIGHT_PX;
  const kept = width / height > shape ? { width: height * shape, height } : { width, height: width / shape };
  return { x: (width - kept.width) / 2, y: (height - kept.height) / 2, ...kept };
}

/** Null: no picture that this browser can read. */
export async function coverOf(file: Blob): Promise<Blob | null> {
  try {
    const bitmap = await createImageBitmap(file);
    const from = crop(bitmap.width, bitmap.height);
    // Never larger than it came.
    const scale = Math.min(1, COVER_WIDTH_PX / from.width);
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(from.width * scale)), Math.max(1, Math.round(from.height * scale)));
    canvas.getContext('2d')?.drawImage(bitmap, from.x, from.y, from.width, from.height, 0, 0, canvas.width, canvas.height);
    bitmap.close();
    const picture = await canvas.convertToBlob({ type: 'image/jpeg', quality: QUALITY });
    return picture.size <= COVER_MAX_BYTES ? picture : null;
  } catch {
    return null;
  }
}
