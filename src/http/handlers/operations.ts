import type { ChannelPlatform } from '../../core/channel-platform.ts';
import type { HandlersOf } from '../contract/contract.ts';
import type { operationContract } from '../contract/operations.ts';

export function operationHandlers({ operations }: ChannelPlatform): HandlersOf<typeof operationContract> {
  return {
    'POST /channels/{id}/messages/read': ({ params, body }) => operations.read(params.id, given(body)),
    'POST /channels/{id}/messages/search': ({ params, body }) => operations.search(params.id, given(body)),
    'POST /channels/{id}/messages/edit': ({ params, principal, body: { text, ...rest } }) =>
      operations.mutate({
        connector: params.id,
        principal,
        operation: { op: 'edit', text },
        ...given(rest),
      }),
    'POST /channels/{id}/messages/delete': ({ params, principal, body }) =>
      operations.mutate({ connector: params.id, principal, operation: { op: 'delete' }, ...given(body) }),
    'POST /channels/{id}/messages/react': ({ params, principal, body: { emoji, remove, ...rest } }) =>
      operations.mutate({
        connector: params.id,
        principal,
        operation: { op: 'react', emoji, remove },
        ...given(rest),
      }),
  };
}

type Given<Fields> = { [Key in keyof Fields as undefined extends Fields[Key] ? never : Key]: Fields[Key] } & {
  [Key in keyof Fields as undefined extends Fields[Key] ? Key : never]?: Exclude<Fields[Key], undefined>;
};

/** Without the keys that are there and undefined. */
function given<Fields extends object>(fields: Fields): Given<Fields> {
  return Object.fromEntries(
    Object.entries(fields).filter(([, value]) => value !== undefined),
  ) as Given<Fields>;
}
