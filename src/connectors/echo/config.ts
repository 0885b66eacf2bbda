import { z } from 'zod';

/** There is nothing to set. */
export const EchoConfig = z.strictObject({});
export type EchoConfig = z.infer<typeof EchoConfig>;
