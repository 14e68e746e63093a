/** The name of the file in a `Content-Disposition` header: the one in Unicode first. */
export function fileName(disposition: string | null): string {
  const extended = /filename\*=utf-8''([^;]+)/i.exec(disposition ?? '');
  if (extended) {
    try {
      return decodeURIComponent(extended[1].trim());
    } catch {
      // Not what RFC 5987 says: the plain name may do.
    }
  }
  const plain = /filename="((?:[^"\\]|\\.)*)"|filename=([^;]+)/i.exec(disposition ?? '');
  return (plain?.[1]?.replace(/\\(.)/g, '$1') ?? plain?.[2]?.trim()) || 'chat';
}
