import { AppError } from '../../src/domain/errors.ts';
import type { NoteSealer } from '../../src/vault/note-sealer.ts';

/** For engines that talk to nobody outside the process, and keep their notes as they are. */
export const noNetwork = {
  fetch: () => Promise.reject(new AppError('forbidden', 'There is no network in here.')),
  connectSocket: () => Promise.reject(new AppError('forbidden', 'There is no network in here.')),
  sealer: {
    seal: (_connector, _name, value) => Promise.resolve(value),
    open: (_connector, _name, sealed) => Promise.resolve(sealed),
  } satisfies NoteSealer,
};
