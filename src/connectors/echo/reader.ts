import type { ConnectorId } from '../../domain/ids.ts';
import type { MessagePage, MessageView, ReadAnswer, ReadRequest, SearchRequest } from '../operations.ts';
import type { EchoMessage, EchoPlatform } from './platform.ts';

/** Everything on the echo platform that is not the operator's was said by us. */
const self = 'echo:user:palyra';

export function readEcho(
  platform: EchoPlatform,
  connector: ConnectorId,
  { conversation, thread, message, before, after, limit }: ReadRequest,
): ReadAnswer<MessagePage> {
  const all = platform.messagesIn(conversation, thread);
  const indexOf = (id: string): number => all.findIndex((candidate) => candidate.id === id);
  const window =
    message !== undefined
      ? all.filter(({ id }) => id === message)
      : all.slice(
          before === undefined ? 0 : indexOf(before) + 1,
          after === undefined ? undefined : indexOf(after),
        );
  return {
    kind: 'found',
    value: { messages: window.slice(0, limit).map((item) => toView(item, connector)) },
  };
}

export function searchEcho(
  platform: EchoPlatform,
  connector: ConnectorId,
  { query = '', author = self, hasAttachments = false, ...request }: SearchRequest,
): ReadAnswer<MessagePage> {
  const page = readEcho(platform, connector, request);
  if (page.kind !== 'found') return page;
  const wanted = query.toLowerCase();
  const messages = page.value.messages.filter(
    ({ text }) => author === self && !hasAttachments && text.toLowerCase().includes(wanted),
  );
  return { kind: 'found', value: { messages } };
}

function toView(message: EchoMessage, connector: ConnectorId): MessageView {
  const { id, conversation, thread, text, createdAt, editedAt, reactions } = message;
  return {
    address: { connector, conversation, ...(thread === undefined ? {} : { thread }), message: id },
    sender: { id: self, display: 'Palyra', isSelf: true },
    text,
    createdAt,
    ...(editedAt === undefined ? {} : { editedAt }),
    direct: false,
    attachments: [],
    reactions: reactions.map((emoji) => ({ emoji, count: 1, bySelf: true })),
  };
}
