import { z } from 'zod'
import { Text } from './job.ts'
import { limits } from './limits.ts'

export const TokenId = z.string().regex(/^tok-[0-9a-z]{12}$/, 'must be a token id such as tok-0123456789ab')

/** The body of `POST /tokens`. */
export const NewToken = z.strictObject({
  name: Text(limits.nameLength * 4)
    .refine(
      (name) => name.trim() !== '' && name.length <= limits.nameLength,
      `must be 1 to ${limits.nameLength} characters`,
    )
    .describe('What it is for, such as the program that has it.'),
  seconds: z
    .int()
    .min(1)
    .max(limits.tokenSeconds)
    .optional()
    .describe('How long it is good, from now. Absent: until it is revoked.'),
})

/** What a program comes in with: all routes but those of tokens and of sign-in links. */
export const Token = z.object({
  id: TokenId,
  name: z.string(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime().nullable(),
  usedAt: z.iso.datetime().nullable().describe('When it was used last, to about a minute.'),
})
export type Token = z.infer<typeof Token>

/** Only the answer to its making holds the token: the server keeps a hash. */
export const MadeToken = Token.extend({ token: z.string() })
