import { AppError } from '../domain/errors.ts';
import { limits } from '../domain/limits.ts';

/** All bytes, as they are. @throws AppError `too_large` over what any webhook may have. */
export async function readAll(stream: AsyncIterable<Uint8Array | string>, what: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const buffer = Buffer.from(chunk as string);
    bytes += buffer.byteLength;
    if (bytes > limits.webhookBodyBytesMax)
      throw new AppError('too_large', `${what} has more than ${limits.webhookBodyBytesMax} bytes.`);
    chunks.push(buffer);
  }
  return Buffer.concat(chunks);
}
