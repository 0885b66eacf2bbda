import { createHash } from 'node:crypto';
import type { RestFile } from './request.ts';

export interface EncodedBody {
  readonly contentType: string;
  readonly bytes: Uint8Array;
}

/**
 * `payload_json` and `files[n]`, as https://docs.discord.com/developers/reference#uploading-files has them.
 * The same input always gives the same bytes.
 */
export function encodeMultipart(json: unknown, files: readonly RestFile[]): EncodedBody {
  const payload = Buffer.from(JSON.stringify(json ?? {}));
  const boundary = boundaryOf([payload, ...files.map(({ bytes }) => bytes)]);
  const pieces: Uint8Array[] = [];
  const part = (disposition: string, contentType: string, bytes: Uint8Array): void => {
    const head = `--${boundary}\r\ncontent-disposition: form-data; ${disposition}\r\ncontent-type: ${contentType}\r\n\r\n`;
    pieces.push(Buffer.from(head), bytes, Buffer.from('\r\n'));
  };
  part('name="payload_json"', 'application/json', payload);
  for (const [index, { name, contentType, bytes }] of files.entries())
    part(`name="files[${index}]"; filename="${escapeQuoted(name)}"`, safeType(contentType), bytes);
  pieces.push(Buffer.from(`--${boundary}--\r\n`));
  return { contentType: `multipart/form-data; boundary=${boundary}`, bytes: Buffer.concat(pieces) };
}

/** A digest of all that it must not occur in: nobody can write a file that holds its own. */
function boundaryOf(contents: readonly Uint8Array[]): string {
  const hash = createHash('sha256');
  for (const bytes of contents) hash.update(bytes);
  return `palyra-${hash.digest('hex').slice(0, 48)}`;
}

function safeType(contentType: string): string {
  return /^[\w.+-]+\/[\w.+-]+(; ?charset=[\w-]+)?$/.test(contentType)
    ? contentType
    : 'application/octet-stream';
}

/** As browsers do: https://html.spec.whatwg.org/#multipart-form-data */
function escapeQuoted(name: string): string {
  return name
    .toWellFormed()
    .replace(/[\r\n"]/g, (character) => encodeURIComponent(character))
    .replace(/[\x00-\x1f\x7f]/g, '_');
}
