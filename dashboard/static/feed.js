// The fleet service as this page uses it: what it subscribes to and calls, and the history it fetches for visible cards.

const BATCH = 48;
const SECONDS = 300;
const SNAPSHOT_RETRY = 1000;
/** Machines with longer intervals (ms) are slow; their missed samples are looked for after a moment. */
const SLOW = 5000;
const CALM_DOWN = 1000;
/** Cards that a scroll only passes are not worth a request. */
const SETTLED = 120;

/** The cheapest subscription to repeat as a sign of life. */
export const PROBE_TOPIC = 'fleet.forgotten';

export class Feed {
  constructor(fleet) {
    this.fleet = fleet;
    this.session = null;
    this.asking = false;
    this.onLoaded = () => {};
    this.onWaiting = () => {};
    this.onSample = () => {};
    /** The machines whose history is wanted, most wanted first. */
    this.wanted = () => [];
  }

  /**
   * Sets up a new session: what changes the fleet first, so that nothing of it falls between events and snapshot;
   * the flood of samples last, so that it does not stand in the snapshot's way (with 5000 machines that takes
   * twice as long). A sample that falls between is made good by the machine's next, or by `catchUp`.
   */
  async prepare(session) {
    const { fleet } = this;
    this.session = session;
    fleet.begin();
    const now = () => session.heard;
    await Promise.all([
      session.subscribe('clientconfig.', ([settings]) => fleet.configured(settings, now()), { match: 'prefix' }),
      session.subscribe('fleet.machine', ([machine]) => fleet.machine(machine, now())),
      session.subscribe('fleet.forgotten', ([id]) => fleet.forgotten(id)),
    ]);
    fleet.snapshot(await this.snapshot(session), session.heard);
    this.onLoaded();
    await session.subscribe('clientstats', ([sample]) => {
      this.onSample();
      fleet.sample(sample, now());
    });
    this.wantHistory(0);
    this.catchUp(session);
  }

  /** Machines that report rarely would leave a missed sample missing for long: for them the snapshot is taken again. */
  async catchUp(session) {
    const { fleet } = this;
    if (![...fleet.machines.values()].some((machine) => machine.interval > SLOW)) return;
    await new Promise((resolve) => setTimeout(resolve, CALM_DOWN));
    if (session.ended) return;
    fleet.expectSnapshot();
    try {
      fleet.snapshot(await session.call('fleet.snapshot'), session.heard);
    } catch {
      // The link is gone, and the next one starts over; or the service is, and will be missed elsewhere.
    }
  }

  /** The service may start a moment after the router it sits behind. */
  async snapshot(session) {
    for (;;) {
      try {
        return await session.call('fleet.snapshot');
      } catch (error) {
        if (error.uri !== 'wamp.error.no_such_procedure') throw error;
        this.onWaiting();
        await new Promise((resolve) => setTimeout(resolve, SNAPSHOT_RETRY));
        if (session.ended) throw error;
      }
    }
  }

  /** Fetches the past of wanted machines, a batch at a time, once the list has come to rest. */
  wantHistory(after = SETTLED) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.fetchHistory(), after);
  }

  async fetchHistory() {
    const { session, fleet } = this;
    if (this.asking || !session || session.ended || !fleet.loaded) return;
    const machines = this.wanted()
      .filter((machine) => machine.historyEpoch !== fleet.epoch)
      .slice(0, BATCH);
    if (!machines.length) return;
    this.asking = true;
    for (const machine of machines) machine.historyEpoch = fleet.epoch;
    try {
      const ids = machines.map((machine) => machine.id);
      fleet.history(await session.call('fleet.history', [ids, SECONDS]), session.heard);
      this.onHistory?.();
    } catch {
      // Cards do without their past; asked again on the next link.
    } finally {
      this.asking = false;
      this.wantHistory(0);
    }
  }

  async configure(id, changes) {
    return this.call('fleet.config.set', [id, changes]);
  }

  async forget(id) {
    return this.call('fleet.config.forget', [id]);
  }

  call(procedure, args) {
    if (!this.session || this.session.ended) throw new Error('this browser is disconnected');
    return this.session.call(procedure, args);
  }
}
