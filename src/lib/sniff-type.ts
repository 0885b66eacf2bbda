/** What the bytes of a file are, from its beginning, as a media type without parameters; undefined when nobody can tell. */
export async function sniffType(head: Uint8Array): Promise<string | undefined> {
  // By its mark of byte order, UTF-16 looks like the frame of a song.
  if ((head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)) return undefined;
  // Loaded when the first file comes: it and what it brings along are a sixth of all packages by size.
  const { fileTypeFromBuffer } = await import('file-type');
  const found = await fileTypeFromBuffer(head).catch(() => undefined);
  // As 'audio/ogg; codecs=opus', which voice messages are.
  if (found) return found.mime.split(';')[0];
  return isText(head) ? 'text/plain' : undefined;
}

/** UTF-8 without control characters; its last character may be cut off with the head. */
function isText(head: Uint8Array): boolean {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true });
    return text.length > 0 && !/[\x00-\x08\x0e-\x1f]/.test(text);
  } catch {
    return false;
  }
}
