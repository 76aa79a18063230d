/** Milliseconds of CLOCK_MONOTONIC, the same in all processes of a machine. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6
