/** Source: docs.discord.com/developers/resources/application#application-object-application-flags. */
export const applicationFlag = {
  presence: 1 << 12,
  presenceLimited: 1 << 13,
  members: 1 << 14,
  membersLimited: 1 << 15,
  messageContent: 1 << 18,
  messageContentLimited: 1 << 19,
} as const;

/** What an application may set by PATCH /applications/@me. */
export const limitedFlags =
  applicationFlag.presenceLimited | applicationFlag.membersLimited | applicationFlag.messageContentLimited;

export function mayReadContent(flags: number): boolean {
  return (flags & (applicationFlag.messageContent | applicationFlag.messageContentLimited)) !== 0;
}
