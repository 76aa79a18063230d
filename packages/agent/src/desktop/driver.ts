/** Whether somebody drives the desktop, as the server tells it. Without a server nobody does. */
export class Driver {
  #isDriving = false
  #change = Promise.withResolvers<void>()

  drives(isDriving: boolean): void {
    if (isDriving === this.#isDriving) return
    this.#isDriving = isDriving
    const change = this.#change
    this.#change = Promise.withResolvers()
    change.resolve()
  }

  /** Resolves as soon as somebody drives. */
  takesOver(): Promise<void> {
    return this.#until(true)
  }

  /** Resolves as soon as nobody does. */
  letsGo(): Promise<void> {
    return this.#until(false)
  }

  async #until(isDriving: boolean): Promise<void> {
    while (this.#isDriving !== isDriving) await this.#change.promise
  }
}
