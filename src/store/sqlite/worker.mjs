// The thread that owns the database connections, so that a slow disk never stalls the event loop.
import '../../../bin/compile-cache.mjs';
import '../../../bin/strip-types.mjs';

await import('./worker.ts');
