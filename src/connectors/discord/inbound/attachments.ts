import type { Attachment } from '../../../domain/inbound-event.ts';
import { messageFlags } from '../api-constants.ts';
import type { ApiAttachment, ApiContent, ApiSticker } from '../api-types.ts';
import { present } from '../untrusted.ts';

type Kind = Attachment['kind'];

/** For files whose type is not told. An SVG is a document that can run scripts, so it is no image. */
const kindByEnding: ReadonlyMap<string, Kind> = new Map([
  ...['png', 'jpg', 'jpeg', 'gif', 'webp', 'bmp', 'avif', 'heic'].map((ending) => [ending, 'image'] as const),
  ...['mp3', 'ogg', 'oga', 'opus', 'wav', 'm4a', 'flac', 'aac'].map((ending) => [ending, 'audio'] as const),
  ...['mp4', 'webm', 'mov', 'mkv', 'm4v'].map((ending) => [ending, 'video'] as const),
]);

const lottieFormat = 3;

/** The files of a message, its stickers, and the files of what it forwards. */
export function attachmentsOf(
  message: ApiContent & { readonly snapshots?: readonly ApiContent[] },
): Attachment[] {
  const forwarded = (message.snapshots ?? []).flatMap((snapshot) => attachmentsOf(snapshot));
  const isVoice = (message.flags & messageFlags.isVoiceMessage) !== 0;
  return [
    ...message.attachments.map((attachment) => toAttachment(attachment, isVoice)),
    ...message.stickers.map(toSticker),
    ...forwarded.map((attachment) => ({
      ...attachment,
      marker: attachment.marker ?? ('forwarded' as const),
    })),
  ];
}

export function toAttachment(attachment: ApiAttachment, isVoiceMessage = false): Attachment {
  const kind = kindOf(attachment);
  return present<Attachment>({
    id: attachment.id,
    kind,
    name: attachment.filename,
    contentType: attachment.content_type,
    sizeBytes: attachment.size,
    url: attachment.url,
    urlExpiresAt: expiryOf(attachment.url),
    width: attachment.width,
    height: attachment.height,
    marker: isVoiceMessage && kind === 'audio' ? 'voice_note' : undefined,
  });
}

function kindOf({ content_type: contentType, filename }: ApiAttachment): Kind {
  const type = contentType?.split(';')[0]?.trim().toLowerCase();
  if (type === undefined) return kindByEnding.get(endingOf(filename)) ?? 'file';
  if (type.startsWith('image/svg')) return 'file';
  const major = type.slice(0, type.indexOf('/'));
  return major === 'image' || major === 'audio' || major === 'video' ? major : 'file';
}

function endingOf(filename = ''): string {
  return /\.([^.]+)$/.exec(filename)?.[1]?.toLowerCase() ?? '';
}

/** `ex` in the address is when it ends, in hexadecimal seconds: https://docs.discord.com/developers/reference#signed-attachment-cdn-urls */
function expiryOf(url: string | undefined): number | undefined {
  const seconds = url === undefined ? undefined : /[?&]ex=([0-9a-f]{1,10})(?:&|$)/i.exec(url)?.[1];
  return seconds === undefined ? undefined : Number.parseInt(seconds, 16) * 1_000;
}

/** Without an address: where stickers are is not in the payload, and differs from server to server. */
function toSticker(sticker: ApiSticker): Attachment {
  return present<Attachment>({
    id: sticker.id,
    kind: sticker.format_type === lottieFormat ? 'file' : 'image',
    name: sticker.name,
    marker: 'sticker',
  });
}
