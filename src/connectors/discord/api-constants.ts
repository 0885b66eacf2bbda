/** https://docs.discord.com/developers/resources/channel#channel-object-channel-types */
export const channelTypes = {
  text: 0,
  dm: 1,
  voice: 2,
  groupDm: 3,
  category: 4,
  announcement: 5,
  announcementThread: 10,
  publicThread: 11,
  privateThread: 12,
  stage: 13,
  forum: 15,
  media: 16,
} as const;

/** https://docs.discord.com/developers/resources/message#message-object-message-types; the rest are the platform's notices. */
export const messageTypes = {
  default: 0,
  threadCreated: 18,
  reply: 19,
  chatInputCommand: 20,
  threadStarter: 21,
  contextMenuCommand: 23,
  pollResult: 46,
} as const;

/** https://docs.discord.com/developers/resources/message#message-object-message-flags */
export const messageFlags = {
  suppressEmbeds: 1 << 2,
  ephemeral: 1 << 6,
  /** "is thinking". */
  isLoading: 1 << 7,
  suppressNotifications: 1 << 12,
  isVoiceMessage: 1 << 13,
  isComponentsV2: 1 << 15,
} as const;

/** https://docs.discord.com/developers/resources/message#message-reference-types */
export const messageReferenceTypes = { reply: 0, forward: 1 } as const;

/** Those that hold what a user entered: https://docs.discord.com/developers/components/reference#component-object-component-types */
export const componentTypes = {
  button: 2,
  userSelect: 5,
  roleSelect: 6,
  mentionableSelect: 7,
  fileUpload: 19,
} as const;

/** https://docs.discord.com/developers/interactions/application-commands#application-command-object-application-command-option-type */
export const optionTypes = {
  subcommand: 1,
  subcommandGroup: 2,
  user: 6,
  channel: 7,
  role: 8,
  mentionable: 9,
  attachment: 11,
} as const;

/** https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-type */
export const interactionTypes = {
  ping: 1,
  command: 2,
  component: 3,
  autocomplete: 4,
  modal: 5,
} as const;

/** https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-context-types */
export const interactionContexts = { guild: 0, botDm: 1, privateChannel: 2 } as const;

export function isThreadType(type: number): boolean {
  return (
    type === channelTypes.announcementThread ||
    type === channelTypes.publicThread ||
    type === channelTypes.privateThread
  );
}
