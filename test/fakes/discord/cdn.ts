import { createHash } from 'node:crypto';
import type { Attachment } from './entities.ts';
import type { World } from './world.ts';

export interface CdnAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** All attachments together; the oldest go first. */
const bytesMax = 256 * 1024 * 1024;
const attachmentsMax = 20_000;

export function storeAttachment(world: World, attachment: Attachment): void {
  const kept = world.attachments;
  kept.set(attachment.id, attachment);
  world.attachmentBytes += attachment.size;
  for (const [id, oldest] of kept) {
    if (world.attachmentBytes <= bytesMax && kept.size <= attachmentsMax) return;
    kept.delete(id);
    world.attachmentBytes -= oldest.size;
    oldest.bytes = new Uint8Array();
  }
}

/**
 * A link that ends: `ex` and `is` are hexadecimal seconds, `hm` proves them.
 * Source: docs.discord.com/developers/reference#signed-attachment-cdn-urls.
 */
export function signedUrl(world: World, { channelId, id, filename }: Attachment): string {
  const path = `/attachments/${channelId}/${id}/${encodeURIComponent(filename)}`;
  const issued = Math.floor(world.now() / 1_000);
  const ex = (issued + Math.floor(world.limits.cdnTtlMs / 1_000)).toString(16);
  const is = issued.toString(16);
  return `${world.urls.cdn}${path}?ex=${ex}&is=${is}&hm=${proofOf(path, ex, is)}&`;
}

/** What the CDN answers to a GET. An expired or a tampered link is 404, as a missing file is. */
export function serveAttachment(world: World, url: URL): CdnAnswer {
  const { pathname, searchParams } = url;
  const [, , , id] = pathname.split('/');
  const attachment = world.attachments.get(id ?? '');
  const ex = searchParams.get('ex') ?? '';
  const isGenuine = searchParams.get('hm') === proofOf(pathname, ex, searchParams.get('is') ?? '');
  const isLive = parseInt(ex, 16) * 1_000 > world.now();
  if (!attachment || !isGenuine || !isLive)
    return {
      status: 404,
      headers: { 'content-type': 'text/plain;charset=UTF-8' },
      body: Buffer.from('This content is no longer available.'),
    };
  return { status: 200, headers: { 'content-type': attachment.contentType }, body: attachment.bytes };
}

function proofOf(path: string, ex: string, is: string): string {
  return createHash('sha256').update(`of the fake: ${path} ${ex} ${is}`).digest('hex');
}
