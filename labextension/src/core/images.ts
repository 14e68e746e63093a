/** Images to send: what they may be, and how that is said when they may not. */
import { ITrans } from './trans';

export const MOST_IMAGES = 10;
/** Bytes of one image. */
export const LARGEST_IMAGE = 5_000_000;

/** By the name: a file that is worth trying as an image. The server looks at its content. */
export function looksLikeImage(path: string): boolean {
  return /\.(png|jpe?g|gif|webp)$/i.test(path);
}

/** The media type by the first bytes; null for what models are not shown. */
export function imageType(bytes: Uint8Array): string | null {
  const text = String.fromCharCode(...bytes.slice(0, 12));
  if (text.startsWith('\x89PNG\r\n\x1a\n')) {
    return 'image/png';
  }
  if (text.startsWith('\xff\xd8\xff')) {
    return 'image/jpeg';
  }
  if (/^GIF8[79]a/.test(text)) {
    return 'image/gif';
  }
  return text.startsWith('RIFF') && text.slice(8) === 'WEBP' ? 'image/webp' : null;
}

/** Why an image can't be added beside `count` others; null where it can. */
export function imageFault(trans: ITrans, name: string, type: string | null, size: number, count: number): string | null {
  if (type === null) {
    return trans.__('“%1” is not a PNG, JPEG, GIF or WebP image. Upload it to Jupyter, then attach it as a file.', name);
  }
  if (size > LARGEST_IMAGE) {
    return trans.__('“%1” has %2 MB. An image may have at most %3 MB.', name, (size / 1e6).toFixed(1), LARGEST_IMAGE / 1e6);
  }
  return count >= MOST_IMAGES ? trans.__('A message may have at most %1 images. “%2” was left out.', MOST_IMAGES, name) : null;
}

/** Base64 of `bytes`, in pieces that the stack can hold. */
export function base64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }
  return btoa(text);
}
