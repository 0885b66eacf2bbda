import type { AttachmentLimits } from '../../src/core/attachments.ts';
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
  files: {
    stage: () => Promise.reject(new AppError('forbidden', 'There are no files in here.')),
  },
};

/** Small enough to be reached by a test. */
export const attachmentLimits: AttachmentLimits = {
  bytesMax: 100_000,
  countMax: 4,
  totalBytesMax: 150_000,
  types: ['image/png', 'text/plain'],
  timeoutMs: 5_000,
  storeBytesMax: 1_000_000,
};
