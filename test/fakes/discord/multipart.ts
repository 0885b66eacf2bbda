export interface MultipartField {
  readonly name: string;
  readonly filename: string | undefined;
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/** The fields of a `multipart/form-data` body (RFC 7578); undefined when it is none. */
export function parseMultipart(contentType: string, body: Buffer): readonly MultipartField[] | undefined {
  const [, quoted, bare] = /boundary=(?:"([^"]+)"|([^;\s]+))/.exec(contentType) ?? [];
  const boundary = quoted ?? bare;
  if (boundary === undefined) return undefined;
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  const whole = Buffer.concat([Buffer.from('\r\n'), body]);
  const fields: MultipartField[] = [];
  let start = whole.indexOf(delimiter);
  while (start >= 0) {
    const from = start + delimiter.byteLength;
    if (whole.subarray(from, from + 2).toString() === '--') return fields;
    const end = whole.indexOf(delimiter, from);
    if (end < 0) return undefined;
    const field = parseField(whole.subarray(from + 2, end));
    if (!field) return undefined;
    fields.push(field);
    start = end;
  }
  return undefined;
}

function parseField(part: Buffer): MultipartField | undefined {
  const headEnd = part.indexOf('\r\n\r\n');
  if (headEnd < 0) return undefined;
  const head = part.subarray(0, headEnd).toString();
  const [, name] = /^content-disposition:.*?[;\s]name="([^"]*)"/im.exec(head) ?? [];
  if (name === undefined) return undefined;
  const [, filename] = /[;\s]filename="([^"]*)"/i.exec(head) ?? [];
  const [, type = 'application/octet-stream'] = /^content-type:\s*(.+?)\s*$/im.exec(head) ?? [];
  return { name, filename, contentType: type, bytes: new Uint8Array(part.subarray(headEnd + 4)) };
}
