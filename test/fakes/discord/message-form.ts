import { refuse } from './api-error.ts';
import { checkComponents } from './component-form.ts';
import { checkEmbeds } from './embed-form.ts';
import { Form, type Json, record } from './form.ts';
import { type AllowedMentions, parseAllowedMentions } from './mentions.ts';
import type { UploadedFile } from './messages.ts';
import type { WorldLimits } from './world.ts';

/** Source of the figures: docs.discord.com/developers/resources/message. */
const contentMax = 2_000;
const nonceMax = 25;
const filesMax = 10;
const stickersMax = 3;

const messageFlag = {
  suppressEmbeds: 1 << 2,
  ephemeral: 1 << 6,
  suppressNotifications: 1 << 12,
  voiceMessage: 1 << 13,
  componentsV2: 1 << 15,
} as const;

const settable =
  messageFlag.suppressEmbeds |
  messageFlag.suppressNotifications |
  messageFlag.voiceMessage |
  messageFlag.componentsV2;

export interface MessageInput {
  /** Undefined where the body says nothing of it, which matters to an edit. */
  readonly content: string | undefined;
  readonly embeds: readonly Json[] | undefined;
  readonly components: readonly unknown[] | undefined;
  readonly flags: number;
  readonly tts: boolean;
  readonly allowed: AllowedMentions;
  readonly nonce: string | number | undefined;
  readonly files: readonly UploadedFile[];
  /** Ids of attachments that an edit keeps; undefined: all. */
  readonly keep: readonly string[] | undefined;
  readonly poll: Json | undefined;
  readonly stickerIds: readonly string[];
}

export interface MessageRequest {
  readonly body: Json;
  readonly files: ReadonlyMap<string, UploadedFile>;
  readonly defaultMentions: AllowedMentions;
  /** Answers to interactions may be ephemeral. */
  readonly ofInteraction?: boolean;
}

/**
 * Reads the body of a create or an edit.
 * @throws ApiError 50035 with every fault that it found, 30015, 40005.
 */
export function parseMessage(request: MessageRequest, limits: WorldLimits): MessageInput {
  const { body } = request;
  const form = new Form();
  const flags =
    form.integer('flags', body.flags, 0, 2 ** 31 - 1, 0) &
    (settable | (request.ofInteraction === true ? messageFlag.ephemeral : 0));
  const content = isAbsent(body.content)
    ? undefined
    : form.text('content', body.content, 0, contentMax).trim();
  const embeds = isAbsent(body.embeds) ? undefined : checkEmbeds(form, body.embeds);
  const components = isAbsent(body.components)
    ? undefined
    : checkComponents(form, body.components, (flags & messageFlag.componentsV2) !== 0);
  const allowed = parseAllowedMentions(form, body, request.defaultMentions);
  const nonce = parseNonce(form, body.nonce);
  if (body.enforce_nonce === true && nonce === undefined)
    form.fail('nonce', 'BASE_TYPE_REQUIRED', 'This field is required');
  const { files, keep } = parseAttachments(form, request, limits);
  const poll = isAbsent(body.poll) ? undefined : parsePoll(form, record(body.poll));
  const stickerIds = form.list('sticker_ids', body.sticker_ids, stickersMax) as string[];
  if ((flags & messageFlag.componentsV2) !== 0)
    for (const [name, value] of Object.entries({ content, embeds, poll }))
      if (value !== undefined && value.length !== 0)
        form.fail(
          name,
          'MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2',
          `The '${name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2`,
        );
  if ((flags & messageFlag.voiceMessage) !== 0 && (files.length !== 1 || content))
    form.fail('flags', 'MESSAGE_VOICE_INVALID', 'Voice messages have one audio attachment and no content.');
  form.check();
  return {
    content,
    embeds,
    components,
    flags,
    tts: body.tts === true,
    allowed,
    nonce,
    files,
    keep,
    poll,
    stickerIds,
  };
}

/** @throws ApiError 50006 when there is nothing to show. */
export function requireSomething(input: MessageInput): void {
  const isEmpty =
    !input.content &&
    (input.embeds ?? []).length === 0 &&
    (input.components ?? []).length === 0 &&
    input.files.length === 0 &&
    input.stickerIds.length === 0 &&
    input.poll === undefined;
  if (isEmpty) refuse('emptyMessage');
}

function parseNonce(form: Form, nonce: unknown): string | number | undefined {
  if (isAbsent(nonce)) return undefined;
  if (typeof nonce === 'number' && Number.isInteger(nonce)) return nonce;
  if (typeof nonce !== 'string') {
    form.fail('nonce', 'NONCE_TYPE_INVALID_TYPE', 'This field must be a string or integer.');
    return undefined;
  }
  return form.text('nonce', nonce, 0, nonceMax) || undefined;
}

function parseAttachments(
  form: Form,
  { body, files }: MessageRequest,
  limits: WorldLimits,
): { files: readonly UploadedFile[]; keep: readonly string[] | undefined } {
  const listed = (Array.isArray(body.attachments) ? (body.attachments as unknown[]) : []).map(record);
  const keep = listed.map(({ id }) => String(id)).filter((id) => !files.has(id));
  if (files.size + keep.length > filesMax) refuse('tooManyAttachments');
  const uploads: UploadedFile[] = [];
  for (const [index, file] of files) {
    if (file.bytes.byteLength > limits.attachmentBytesMax) refuse('tooLarge');
    const meta = listed.find(({ id }) => String(id) === index) ?? {};
    const description = form.text(`attachments.${index}.description`, meta.description, 0, 1_024);
    uploads.push({
      ...file,
      ...(typeof meta.filename === 'string' ? { filename: meta.filename } : {}),
      ...(description === '' ? {} : { description }),
      ...(typeof meta.duration_secs === 'number' ? { durationS: meta.duration_secs } : {}),
      ...(typeof meta.waveform === 'string' ? { waveform: meta.waveform } : {}),
    });
  }
  return { files: uploads, keep: Array.isArray(body.attachments) ? keep : undefined };
}

/** Source: docs.discord.com/developers/resources/poll#poll-create-request-object. */
function parsePoll(form: Form, poll: Json): Json {
  const question = form.text('poll.question.text', record(poll.question).text, 1, 300);
  const answers = form.list('poll.answers', poll.answers, 10);
  if (answers.length === 0) form.fail('poll.answers', 'BASE_TYPE_REQUIRED', 'This field is required');
  const hours = form.integer('poll.duration', poll.duration, 1, 768, 24);
  return {
    question: { text: question },
    answers: answers.map((answer, index) => ({
      answer_id: index + 1,
      poll_media: {
        text: form.text(
          `poll.answers.${index}.poll_media.text`,
          record(record(answer).poll_media).text,
          1,
          55,
        ),
      },
    })),
    duration_hours: hours,
    allow_multiselect: poll.allow_multiselect === true,
    layout_type: 1,
    results: { is_finalized: false, answer_counts: [] },
  };
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}
