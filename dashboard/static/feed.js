// The fleet service as this page uses it: what it subscribes to and calls, and the history it fetches for visible cards.

const BATCH = 48;
const SECONDS = 300;
const SNAPSHOT_RETRY = 1000;
/** Cards that a scroll only passes are not worth a request. */
const SETTLED = 120;

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

  /** Sets up a new session. Asked in one breath and answered in this order, so that nothing falls between events and snapshot. */
  async prepare(session) {
    const { fleet } = this;
    this.session = session;
    fleet.begin();
    const now = () => session.heard;
    const answers = await Promise.all([
      session.subscribe('clientconfig.', ([settings]) => fleet.configured(settings, now()), { match: 'prefix' }),
      session.subscribe('fleet.machine', ([machine]) => fleet.machine(machine, now())),
      session.subscribe('fleet.forgotten', ([id]) => fleet.forgotten(id)),
      session.subscribe('fleet.samples', ([samples]) => this.hear(samples, now())),
      this.snapshot(session),
    ]);
    fleet.snapshot(answers.at(-1), session.heard);
    this.onLoaded();
    this.wantHistory(0);
  }

  /** What the service gathered during a frame; nothing, once a second, while no machine says anything. */
  hear(samples, now) {
    if (!Array.isArray(samples)) return;
    for (const sample of samples) {
      this.onSample();
      this.fleet.sample(sample, now);
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

  /** The past of each core of the machine that is looked at, asked for once a link. */
  async followCores(track) {
    const { session, fleet } = this;
    if (track.epoch === fleet.epoch || !session || session.ended || !fleet.loaded) return;
    track.epoch = fleet.epoch;
    try {
      const past = await session.call('fleet.cores', [track.machine.id, SECONDS]);
      track.seedCores(past, session.heard);
      this.onHistory?.();
    } catch {
      // Followed from now on only; asked again on the next link.
    }
  }

  async configure(id, changes) {
    return this.call('fleet.config.set', [id, changes]);
  }

  async forget(id) {
    return this.call('fleet.config.forget', [id]);
  }

  async enrolment(id) {
    return this.call('fleet.enrolment.get', [id]);
  }

  async revoke(id) {
    return this.call('fleet.enrolment.revoke', [id]);
  }

  async newEnrolmentKey() {
    return this.call('fleet.enrolment.new_key', []);
  }

  call(procedure, args) {
    if (!this.session || this.session.ended) throw new Error('this browser is disconnected');
    return this.session.call(procedure, args);
  }
}
