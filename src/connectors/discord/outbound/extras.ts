import { z } from 'zod';
import { AppError } from '../../../domain/errors.ts';
import { isSnowflake } from '../snowflake.ts';
import { Components, haveRoomForExpiry } from './components.ts';
import { Embeds, textUpTo } from './embed.ts';

const Id = z.string().refine(isSnowflake, 'Not the id of anything on Discord');

/** Of one file, by default: https://docs.discord.com/developers/reference#uploading-files */
const fileBytesMax = 10 * 1024 * 1024;
/** Of the 25 MiB of a whole request, with room for what is not a file. */
const filesBytesMax = 24 * 1024 * 1024;

interface FileContents {
  readonly text?: string | undefined;
  readonly base64?: string | undefined;
}

const File = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[^\x00-\x1f/\\]+$/, 'Not a name without folders'),
    contentType: z
      .string()
      .max(127)
      .regex(/^[\w.+-]+\/[\w.+-]+$/, 'Not a type like text/plain')
      .exactOptional(),
    text: z.string().exactOptional(),
    base64: z.base64().exactOptional(),
    description: textUpTo(1_024).exactOptional(),
    spoiler: z.boolean().exactOptional(),
  })
  .refine(({ text, base64 }) => (text === undefined) !== (base64 === undefined), 'Give either text or base64')
  .refine((file) => bytesOf(file).byteLength <= fileBytesMax, `Over ${fileBytesMax} bytes`);
export type ExtraFile = z.infer<typeof File>;

const PollEmoji = z.strictObject({
  id: Id.exactOptional(),
  name: z.string().min(1).max(64).exactOptional(),
});
const PollAnswer = z.strictObject({ text: textUpTo(55), emoji: PollEmoji.exactOptional() });
/** https://docs.discord.com/developers/resources/poll#poll-create-request-object */
const Poll = z.strictObject({
  question: z.strictObject({ text: textUpTo(300) }),
  answers: z
    .array(z.strictObject({ poll_media: PollAnswer }))
    .min(1)
    .max(10),
  /** In hours. */
  duration: z.int().min(1).max(768).exactOptional(),
  allow_multiselect: z.boolean().exactOptional(),
  layout_type: z.literal(1).exactOptional(),
});

/** Of a button or a menu. */
const expiresAfterMsMin = 1_000;
const expiresAfterMsMax = 30 * 24 * 60 * 60 * 1_000;

const Mentions = z
  .strictObject({
    parse: z.array(z.enum(['users', 'roles', 'everyone'])).exactOptional(),
    users: z.array(Id).max(100).exactOptional(),
    roles: z.array(Id).max(100).exactOptional(),
    repliedUser: z.boolean().exactOptional(),
  })
  .refine(
    ({ parse = [], users, roles }) =>
      !(parse.includes('users') && users) && !(parse.includes('roles') && roles),
    'Give either the ids, or the kind in parse',
  );

const ExtrasSchema = z
  .strictObject({
    embeds: Embeds.exactOptional(),
    components: Components.exactOptional(),
    expiresAfterMs: z.int().min(expiresAfterMsMin).max(expiresAfterMsMax).exactOptional(),
    poll: Poll.exactOptional(),
    stickers: z.array(Id).min(1).max(3).exactOptional(),
    files: z.array(File).max(10).exactOptional(),
    flags: z.array(z.enum(['suppressEmbeds', 'suppressNotifications', 'componentsV2'])).exactOptional(),
    allowedMentions: Mentions.exactOptional(),
    threadName: textUpTo(100).exactOptional(),
    appliedTags: z.array(Id).max(5).exactOptional(),
  })
  .refine(
    ({ files = [] }) => files.reduce((sum, file) => sum + bytesOf(file).byteLength, 0) <= filesBytesMax,
    { path: ['files'], message: `Together over ${filesBytesMax} bytes` },
  )
  .refine(
    ({ flags = [], embeds, poll, stickers }) =>
      !flags.includes('componentsV2') || (embeds ?? poll ?? stickers) === undefined,
    { path: ['flags'], message: 'With componentsV2 there can be no embeds, poll or stickers' },
  )
  .refine(({ flags = [], components }) => !flags.includes('componentsV2') || components !== undefined, {
    path: ['flags'],
    message: 'componentsV2 needs components',
  })
  .refine(
    ({ expiresAfterMs, components }) =>
      expiresAfterMs === undefined || (components !== undefined && haveRoomForExpiry(components)),
    {
      path: ['expiresAfterMs'],
      message: 'It needs components, each custom_id of which has at most 85 characters',
    },
  );
/**
 * What a message on Discord may have besides its text. Embeds, components and polls are written as in
 * Discord's own documentation.
 */
export type Extras = z.infer<typeof ExtrasSchema>;

const complaintLengthMax = 300;

/** @throws AppError `unsupported` that says what is wrong with which field. */
export function parseExtras(extras: unknown): Extras {
  const parsed = ExtrasSchema.safeParse(extras ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const where = ['extras', ...(issue?.path ?? [])].map(String).join('.');
  const complaint = `${where}: ${issue?.message ?? 'not understood'}`.slice(0, complaintLengthMax);
  throw new AppError('unsupported', `Discord cannot show the message. ${complaint}.`);
}

export function bytesOf({ text, base64 }: FileContents): Uint8Array {
  return base64 === undefined ? Buffer.from(text ?? '', 'utf8') : Buffer.from(base64, 'base64');
}

/** Whether there is something to see without a text. */
export function showsSomething({ embeds, components, poll, stickers, files }: Extras): boolean {
  return [embeds, components, stickers, files].some((list) => (list ?? []).length > 0) || poll !== undefined;
}
