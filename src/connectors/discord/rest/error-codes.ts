import { type ErrorRow, gone, later, place, rejected } from './error-row.ts';

const minuteMs = 60_000;

type Group = readonly [row: ErrorRow, codes: readonly number[]];

/** https://docs.discord.com/developers/topics/opcodes-and-status-codes#json, by what they mean for us. */
const groups: readonly Group[] = [
  // The connector stops: nothing will work until a person helps.
  [
    rejected(
      'unauthenticated',
      'Discord does not accept the token. Store a new one from the developer portal.',
      'connector',
    ),
    [40001, 50014, 50025],
  ],
  [
    rejected(
      'unauthenticated',
      'Discord wants the account to be verified. Look at it in the developer portal.',
      'connector',
    ),
    [40002, 50178],
  ],
  [
    rejected(
      'unauthenticated',
      'The token is not allowed to act for this application. Check that both belong together.',
      'connector',
    ),
    [20012],
  ],
  [
    rejected(
      'connector_misconfigured',
      'The application has no bot. Add one in the developer portal.',
      'connector',
    ),
    [50010],
  ],
  [
    rejected(
      'connector_misconfigured',
      'The server does not know this version of the API. Check apiBaseUrl.',
      'connector',
    ),
    [50041],
  ],
  [
    later(
      'platform_error',
      'The proxy before Discord blocks our requests for now.',
      5 * minuteMs,
      'connector',
    ),
    [40333],
  ],

  // The place: the channel, the thread, the recipient.
  [
    rejected('destination_unavailable', 'There is no such channel, or the bot cannot see it.', 'lane'),
    [10003],
  ],
  [
    rejected('destination_unavailable', 'There is no such server, or the bot is not in it.', 'lane'),
    [10004, 50055, 50095],
  ],
  [rejected('destination_unavailable', 'There is no such webhook any more.', 'lane'), [10015]],
  [
    rejected('destination_unavailable', 'There is no such user, or not in that server.', 'lane'),
    [10007, 10013, 50033],
  ],
  [
    place(
      'destination_unavailable',
      'The bot has no access to the channel. Give its role View Channel there.',
    ),
    [50001],
  ],
  [place('destination_unavailable', 'The user does not take direct messages from this bot.'), [50007]],
  [
    place(
      'destination_unavailable',
      'The bot shares no server with the user, so that it cannot write to them.',
    ),
    [50278],
  ],
  [rejected('destination_unavailable', 'The user is banned from that server.', 'lane'), [40007]],
  [
    rejected(
      'destination_unavailable',
      'The thread is archived or locked. Reopen it, or give the bot Manage Threads.',
      'lane',
    ),
    [50083, 160005],
  ],
  [
    rejected(
      'destination_unavailable',
      'Nothing can be written there: it is a forum, a category, or a post without its first message.',
      'lane',
    ),
    [40058, 50008],
  ],

  // Permissions.
  [
    place(
      'permission_missing',
      'A permission is missing in that channel. Compare: palyra channels discord health-refresh --verify-channel <id>.',
    ),
    [50013],
  ],
  [place('permission_missing', 'The server asks more of its members before they may write there.'), [50009]],
  [
    rejected('permission_missing', 'Give the bot Read Message History there, which replies need.', 'lane'),
    [160002, 160009],
  ],
  [
    rejected(
      'permission_missing',
      'The server asks two-factor authentication of moderators: the owner of the bot has to switch it on.',
      'lane',
    ),
    [50017, 60003],
  ],
  [rejected('permission_missing', 'Only the owner may do this.'), [20018]],
  [
    rejected('permission_missing', 'The message is by somebody else, and only its author may change it.'),
    [50005],
  ],
  [
    rejected('permission_missing', 'The bot may not send this kind of message there.'),
    [50173, 50600, 160014],
  ],
  [
    rejected(
      'permission_missing',
      'The bot was added without a scope that this needs. Invite it again.',
      'lane',
    ),
    [50026],
  ],

  // What it was about is not there any more.
  [gone('The message is not there any more.'), [10008]],
  [gone('There is no such emoji.', 'message_invalid'), [10014]],
  [gone('The interaction has run out or is unknown.', 'platform_rejected'), [10062, 50027]],
  [gone('The interaction was answered before.', 'platform_rejected'), [40060]],

  // Later.
  [
    later('rate_limited', 'The channel or the server takes no more messages for now.', 10_000),
    [20016, 20028, 20029, 40062],
  ],
  [later('rate_limited', 'Old messages are being edited too often.', minuteMs), [20022, 30046]],
  [later('rate_limited', 'Too many direct messages are being opened.', minuteMs), [40003]],
  [later('rate_limited', 'The commands made today are as many as there may be.', 60 * minuteMs), [30034]],
  [later('platform_error', 'Discord has switched this off for a while.', minuteMs), [40004, 40006]],
  [later('platform_error', 'Discord is not ready for this yet.', 5_000), [110000, 110001]],
  [
    {
      outcome: 'retry',
      scope: 'lane',
      reason: 'platform_error',
      hint: 'Discord is overloaded or failed on its side.',
    },
    [40043, 130000, 530006],
  ],

  // The message.
  [rejected('message_invalid', 'Discord does not take the message as it is.'), [50035, 50109]],
  [rejected('message_invalid', 'The message is empty.'), [50006]],
  [rejected('message_invalid', 'The message or a file of it is too large.'), [40005, 50045]],
  [rejected('message_invalid', 'There are too many attachments.'), [30015]],
  [
    rejected('message_invalid', 'A file of the message is not one that Discord takes.'),
    [50046, 50110, 50123, 50124, 50138, 50146, 50192],
  ],
  [
    rejected('message_invalid', 'A sticker of the message cannot be used.'),
    [10060, 10061, 50080, 50081, 170001, 170002, 170003, 170004, 170005, 170006, 170007],
  ],
  [rejected('message_invalid', 'The emoji cannot be used.'), [50144, 50145, 50151, 520004]],
  [rejected('message_invalid', 'A voice message takes nothing but one audio file.'), [50159, 50160, 50161]],
  [rejected('message_invalid', 'The forum wants a tag: set appliedTags.'), [40067]],
  [rejected('message_invalid', 'A tag of the post cannot be used.'), [10087, 40061, 40066]],
  [rejected('message_invalid', 'The poll cannot be used there.'), [520000, 520001, 520002, 520006]],
  [rejected('message_invalid', 'A webhook needs a thread there.'), [220001, 220002, 220003, 220004]],
  [
    rejected(
      'message_invalid',
      'Messages to be deleted together must be 2 to 100, and younger than 14 days.',
    ),
    [50016, 50034],
  ],
  [
    rejected('message_invalid', 'Something that the message names cannot be used.'),
    [10011, 10097, 50028, 50068, 50084, 50085, 160010],
  ],
  [
    rejected('platform_rejected', 'The moderation of the server or of Discord blocks this text.'),
    [20009, 20031, 200000, 200001, 240000],
  ],
  [rejected('platform_rejected', 'The author of the message has blocked the bot.'), [90001]],
  [rejected('platform_rejected', 'The server does not take files for now.'), [400001]],
  [
    rejected('platform_rejected', 'A limit of Discord is reached, which does not go away by itself.'),
    [
      30001, 30002, 30003, 30004, 30005, 30007, 30008, 30010, 30011, 30013, 30016, 30018, 30019, 30030, 30031,
      30032, 30033, 30035, 30037, 30038, 30039, 30040, 30042, 30045, 30047, 30048, 30052, 30056, 30058, 30060,
      30061, 40094, 160006, 160007,
    ],
  ],
  [
    rejected('operation_unsupported', 'This cannot be done to that message, or in that kind of channel.'),
    [40033, 50003, 50019, 50021, 50024, 50162, 520003],
  ],
  [rejected('operation_unsupported', 'Bots cannot do this.'), [20001, 20002, 50002, 90002]],
  [
    rejected('platform_rejected', 'Discord refuses this.'),
    [
      10001, 10002, 10005, 10006, 10009, 10010, 10012, 10016, 10020, 10021, 10026, 10027, 10028, 10029, 10030,
      10031, 10032, 10033, 10036, 10038, 10049, 10050, 10057, 10059, 10063, 10065, 10066, 10067, 10068, 10069,
      10070, 10071, 10124, 10129, 20015, 20017, 20024, 20035, 40009, 40012, 40018, 40019, 40032, 40041, 40074,
      50004, 50011, 50012, 50015, 50020, 50036, 50039, 50054, 50057, 50067, 50070, 50073, 50074, 50086, 50091,
      50097, 50101, 50131, 50132, 50163, 50167, 80004, 150006, 160004, 180000, 180002, 340015, 350000, 350001,
      500000, 530000, 530001, 530002, 530003, 530004, 530007,
    ],
  ],
];

export const rowByCode: ReadonlyMap<number, ErrorRow> = new Map(
  groups.flatMap(([row, codes]) => codes.map((code) => [code, row] as const)),
);
