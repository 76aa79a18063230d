import { z } from 'zod'

// Imported before any schema is made. A sandbox reads each kind of message a few times in its life: to compile a parser
// for it takes longer than to interpret it.
z.config({ jitless: true })
