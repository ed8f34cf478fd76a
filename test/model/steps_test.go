package model_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
)

// stepKind is something that a run does. Its error is errDown when the server was found dead.
type stepKind struct {
	name   string
	weight int
	take   func(*run, *rand.Rand) error
}

var burst = stepKind{"burst", 2, (*run).stepBurst}

var stepKinds = []stepKind{
	{"submit", 10, (*run).stepSubmit},
	burst,
	{"status", 14, (*run).stepStatus},
	{"list", 6, (*run).stepList},
	{"page", 28, (*run).stepPage},
	{"walk", 4, (*run).stepWalk},
	{"delete", 9, (*run).stepDelete},
	{"bad cursor", 5, (*run).stepBadCursor},
	{"stranger", 4, (*run).stepStranger},
	{"await", 4, (*run).stepAwait},
	{"available", 1, (*run).stepAvailable},
	{"clock", 2, (*run).stepClock},
	{"commit", 3, (*run).stepCommit},
	{"expire snapshots", 1, (*run).stepExpire},
	{"stop", 0, (*run).stepStop}, // once in a thousand: see choose
}

func choose(dice *rand.Rand) stepKind {
	sum := 0
	for _, k := range stepKinds {
		sum += k.weight
	}
	n := dice.IntN(10*sum + 2)
	for _, k := range stepKinds {
		if n -= 10 * k.weight; n < 0 {
			return k
		}
	}
	return stepKinds[len(stepKinds)-1]
}

// job picks a job by chance, most often a young one, that may be in one of some states; nil if there is none.
func (r *run) job(dice *rand.Rand, in states) *asyncJob {
	var fit []*asyncJob
	for _, j := range r.jobs {
		if j.may&in != 0 {
			fit = append(fit, j)
		}
	}
	if len(fit) == 0 {
		return nil
	}
	if dice.IntN(3) > 0 {
		fit = fit[max(0, len(fit)-20):]
	}
	return pick(dice, fit...)
}

func (r *run) client(dice *rand.Rand) *client {
	if dice.IntN(4) == 0 {
		return r.orgs[1].clients[0]
	}
	return pick(dice, r.orgs[0].clients...)
}

// reader is who asks for a job: any client of its organization.
func (j *asyncJob) reader(dice *rand.Rand) *client { return pick(dice, j.client.org.clients...) }

func (r *run) stepSubmit(dice *rand.Rand) error { return r.submit(r.client(dice), dice) }

func (r *run) stepBurst(dice *rand.Rand) error {
	c := r.client(dice)
	for range 3 + dice.IntN(12) {
		if err := r.submit(c, dice); err != nil {
			return err
		}
		if dice.IntN(3) == 0 {
			c = r.client(dice)
		}
	}
	return nil
}

// waiting counts the jobs of a client that may be open, and those of all that may be queued.
func (r *run) waiting(c *client) (openMost, queuedMost int) {
	at := span{r.now(), r.now()}
	for _, j := range r.jobs {
		if j.client == c && j.drift(at)&open != 0 {
			openMost++
		}
		if j.drift(at)&queued != 0 {
			queuedMost++
		}
	}
	return openMost, queuedMost
}

func (r *run) listAll() error {
	for _, o := range r.orgs {
		if err := r.list(o.clients[0]); err != nil {
			return err
		}
	}
	return nil
}

// submit submits a job. Whether the limits are in its way is known between two lists: the jobs that wait or run can only
// become fewer from the first to the submission, and from there to the second.
func (r *run) submit(c *client, dice *rand.Rand) error {
	openMost, queuedMost := r.waiting(c)
	near := openMost >= limits.Open || queuedMost >= limits.Queued
	if near {
		if err := r.listAll(); err != nil {
			return err
		}
		openMost, queuedMost = r.waiting(c)
	}
	j := &asyncJob{client: c, question: ask(dice, c.org.corpus), may: queued, low: c.org.corpus.ended(), submitted: span{from: r.now()},
		cursors: map[int]string{}, sums: map[[2]int][32]byte{}}
	r.lost = j
	a, err := r.request(c, "POST", jobsPath, "", j.question.body())
	if err != nil {
		return err
	}
	r.lost = nil
	switch a.status {
	case http.StatusAccepted:
		var submitted struct {
			JobID string `json:"jobId"`
		}
		if err := a.decode(&submitted); err != nil {
			return err
		}
		r.enter(j, submitted.JobID, a.at.to)
		return r.rightlyTaken(j, near)
	case http.StatusTooManyRequests:
		return r.rightlyRefused(a, openMost, queuedMost)
	}
	return a.unexpected("202 or 429")
}

// enter enters a job of which the id is known.
func (r *run) enter(j *asyncJob, id string, by time.Time) {
	j.id, j.n, j.submitted.to = id, len(r.jobs), by
	r.jobs = append(r.jobs, j)
	j.client.org.jobs = append(j.client.org.jobs, j)
	r.more("job %d", j.n)
	r.counts["submitted"]++
}

func (r *run) rightlyTaken(j *asyncJob, near bool) error {
	if !near {
		return nil
	}
	if err := r.listAll(); err != nil {
		return err
	}
	openLeast, queuedLeast := 0, 0
	for _, o := range r.jobs {
		if o != j && o.client == j.client && o.may&^open == 0 {
			openLeast++
		}
		if o != j && o.may == queued {
			queuedLeast++
		}
	}
	if openLeast >= limits.Open || queuedLeast >= limits.Queued {
		return fmt.Errorf("job %d was taken, when %d jobs of its client were open and %d queued", j.n, openLeast, queuedLeast)
	}
	return nil
}

func (r *run) rightlyRefused(a answer, openMost, queuedMost int) error {
	var p struct {
		Limit struct {
			Key   string `json:"key"`
			Value int    `json:"value"`
		} `json:"limit"`
	}
	if err := json.Unmarshal(a.body, &p); err != nil {
		return err
	}
	switch {
	case p.Limit.Key == "details.jobs.concurrent.access.max" && p.Limit.Value == limits.Open && openMost >= limits.Open:
		r.counts["refused: open"]++
	case p.Limit.Key == "details.jobs.queued.max" && p.Limit.Value == limits.Queued && queuedMost >= limits.Queued:
		r.counts["refused: queued"]++
	default:
		return fmt.Errorf("%w: at most %d jobs of the client are open and %d queued", a.unexpected("202"), openMost, queuedMost)
	}
	r.more("refused")
	return nil
}

func (r *run) stepStatus(dice *rand.Rand) error {
	j := r.job(dice, open|fulfilled)
	if j == nil || dice.IntN(4) == 0 {
		j = r.job(dice, ^states(0))
	}
	if j == nil {
		return nil
	}
	r.more("job %d", j.n)
	return r.status(j, j.reader(dice))
}

func (r *run) status(j *asyncJob, c *client) error {
	a, err := r.request(c, "GET", j.path(), "", nil)
	if err != nil {
		return err
	}
	if a.status == http.StatusNotFound {
		return r.saw(j, j.narrow(gone, a.at))
	}
	var s status
	if err := a.decode(&s); err != nil {
		return errors.Join(err, a.unexpected("a status"))
	}
	want := http.StatusOK
	if stateOf(s.State)&open != 0 {
		want = http.StatusAccepted
	}
	if a.status != want {
		return a.unexpected(strconv.Itoa(want))
	}
	return r.saw(j, j.see(s, a.at, a.ended, j.client.org.corpus.begun()))
}

// saw counts what was seen of a job, and hands the error on.
func (r *run) saw(j *asyncJob, err error) error {
	if j.may != j.seen {
		r.more("job %d: %v", j.n, j.may)
		r.counts[strings.ToLower(j.may.String())]++
	}
	if j.may&open != 0 {
		j.open = r.starts
	} else if j.seen != 0 && j.seen&^open == 0 && j.open == r.starts {
		r.recovered()
	}
	j.seen = j.may
	return err
}

// recovered takes note that a job was answered since the last start, and that those that were pending before are queued
// again by now: runners begin after that.
func (r *run) recovered() {
	for _, j := range r.jobs {
		if j.left && j.may&pending != 0 {
			j.may |= queued
		}
		j.left = false
	}
}

func (r *run) stepList(dice *rand.Rand) error { return r.list(r.client(dice)) }

// list compares a list with all that is known of the organization's jobs. A job that is new in it is the submission
// that was not answered.
func (r *run) list(c *client) error {
	a, err := r.request(c, "GET", "/parley/v1/jobs", "", nil)
	if err != nil {
		return err
	}
	if a.status != http.StatusOK {
		return a.unexpected("200")
	}
	var body struct {
		Jobs []listed `json:"jobs"`
	}
	if err := a.decode(&body); err != nil {
		return err
	}
	slices.Reverse(body.Jobs)
	rest := body.Jobs
	for _, j := range c.org.jobs {
		if len(rest) == 0 || rest[0].JobID != j.id {
			if err := r.saw(j, j.narrow(gone, a.at)); err != nil {
				return fmt.Errorf("%w: it is not in its place in the list", err)
			}
			continue
		}
		if err := r.inList(j, rest[0], a); err != nil {
			return err
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return nil
	}
	if len(rest) > 1 || r.lost == nil || rest[0].ClientID != r.lost.client.id {
		return fmt.Errorf("the list has %d jobs that nobody submitted", len(rest))
	}
	j := r.lost
	r.lost = nil
	r.enter(j, rest[0].JobID, r.now())
	r.counts["lost submission"]++
	return r.inList(j, rest[0], a)
}

func (r *run) inList(j *asyncJob, l listed, a answer) error {
	if l.ClientID != j.client.id {
		return fmt.Errorf("job %d is of client %q in the list", j.n, l.ClientID)
	}
	if err := r.saw(j, j.see(l.status, a.at, a.ended, j.client.org.corpus.begun())); err != nil {
		return err
	}
	return j.sized(l)
}

func (r *run) stepPage(dice *rand.Rand) error {
	j := r.job(dice, fulfilled)
	if j == nil || dice.IntN(8) == 0 {
		j = r.job(dice, ^states(0))
	}
	if j == nil {
		return nil
	}
	from := 0
	if len(j.cursors) > 0 && dice.IntN(5) > 0 { // go on most often, go back sometimes
		places := j.places()
		from = pick(dice, places[len(places)-1], pick(dice, places...))
	}
	_, err := r.page(j, from, dice)
	return err
}

// places are the places of which a cursor is known, in order.
func (j *asyncJob) places() []int {
	var out []int
	for p := range j.cursors {
		out = append(out, p)
	}
	slices.Sort(out)
	return out
}

// pageSize is a size by chance, as it is sent, and as it works.
func pageSize(dice *rand.Rand) (text string, size int) {
	switch dice.IntN(12) {
	case 0:
		return "", 1000
	case 1:
		return "0", 1000
	case 2:
		return "10000", 10000
	case 3, 4, 5:
		size = 1 + dice.IntN(900)
	default:
		size = 1 + dice.IntN(60)
	}
	return strconv.Itoa(size), size
}

// place is where in the results of which job a page begins, and how often the server had been started when its cursor
// was given out.
type place struct {
	job    *asyncJob
	from   int
	starts int
}

// page reads a page of a job, and gives the number of the record that follows; 0 when there was no page.
func (r *run) page(j *asyncJob, from int, dice *rand.Rand) (to int, err error) {
	text, size := pageSize(dice)
	cursor := j.cursors[from]
	r.more("job %d from %d size %q", j.n, from, text)
	a, err := r.request(j.reader(dice), "GET", j.results(cursor, text), pick(dice, "", "", "gzip", "zstd", "zstd"), nil)
	if err != nil {
		return 0, err
	}
	switch {
	case a.status == http.StatusOK:
		return r.read(j, from, size, a)
	case a.status == http.StatusNotFound && cursor == "":
		return 0, r.saw(j, j.narrow(^fulfilled, a.at))
	case a.status == http.StatusNotFound:
		return 0, r.saw(j, j.narrow(gone, a.at))
	case a.status == http.StatusBadRequest && cursor != "":
		r.counts["expired cursor"]++
		return 0, r.saw(j, j.narrow(expired, a.at))
	}
	return 0, a.unexpected("a page, or that there is none")
}

func (r *run) read(j *asyncJob, from, size int, a answer) (to int, err error) {
	if err := j.narrow(fulfilled, a.at); err != nil {
		return 0, err
	}
	if j.moments == nil {
		j.found(j.client.org.corpus.begun())
	}
	r.counts["page"]++
	if len(j.moments) > 1 {
		r.counts["page of several moments"]++
	}
	if from > 0 && r.cursors[j.cursors[from]].starts != r.starts {
		r.counts["read after a restart"]++
	}
	if to, err = j.read(from, size, a.body); err != nil {
		return 0, err
	}
	cursor := j.cursors[to]
	if cursor == "" {
		return to, nil
	}
	was, known := r.cursors[cursor]
	if known && (was.job != j || was.from != to) {
		return 0, fmt.Errorf("job %d: the cursor of place %d is that of place %d of job %d", j.n, to, was.from, was.job.n)
	}
	if !known {
		r.cursors[cursor] = place{j, to, r.starts}
		r.given = append(r.given, cursor)
	}
	return to, nil
}

func (r *run) stepWalk(dice *rand.Rand) error {
	j := r.job(dice, fulfilled)
	if j == nil {
		return nil
	}
	return r.walk(j, dice)
}

// walk reads a job from the start to the end, as long as it has results.
func (r *run) walk(j *asyncJob, dice *rand.Rand) error {
	from := 0
	for {
		to, err := r.page(j, from, dice)
		if err != nil || j.may != fulfilled || j.cursors[to] == "" {
			return err
		}
		from = to
	}
}

func (r *run) stepDelete(dice *rand.Rand) error {
	j := r.job(dice, pick(dice, open, open, ^gone, ^states(0)))
	if j == nil {
		return nil
	}
	r.more("job %d", j.n)
	begun := r.now()
	a, err := r.request(j.reader(dice), "DELETE", j.path(), "", nil)
	at := span{begun, r.now()}
	before := j.drift(at)
	if before&open != 0 && (err != nil || a.status == http.StatusNoContent) {
		if j.deleted.from.IsZero() {
			j.deleted.from = begun
		}
		j.deleted.to = at.to
	}
	switch {
	case err != nil:
		j.may = before | afterDelete(before)
		return err
	case a.status == http.StatusNoContent:
		if before&^gone == 0 {
			return fmt.Errorf("job %d was deleted, and was %v", j.n, before)
		}
		j.may = afterDelete(before &^ gone)
		r.more("%v", j.may)
		return nil
	case a.status == http.StatusNotFound:
		return r.saw(j, j.narrow(gone, a.at))
	}
	return a.unexpected("204 or 404")
}

// stepBadCursor asks for a page with a cursor that is none of the job's.
func (r *run) stepBadCursor(dice *rand.Rand) error {
	j := r.job(dice, pick(dice, fulfilled, ^gone))
	if j == nil || len(r.given) == 0 {
		return nil
	}
	cursor := pick(dice, r.given...)
	if r.cursors[cursor].job == j || dice.IntN(2) == 0 {
		cursor = altered(dice, cursor)
	}
	r.more("job %d", j.n)
	a, err := r.request(j.reader(dice), "GET", j.results(cursor, ""), "", nil)
	switch {
	case err != nil:
		return err
	case a.status == http.StatusNotFound:
		return r.saw(j, j.narrow(gone, a.at))
	case a.status == http.StatusBadRequest:
		r.counts["bad cursor"]++
		return j.narrow(^gone, a.at)
	}
	return a.unexpected("400")
}

// altered makes a text that is no cursor, however much it looks like one.
func altered(dice *rand.Rand, cursor string) string {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	at := dice.IntN(len(cursor))
	switch dice.IntN(6) {
	case 0:
		return cursor[:len(cursor)-1-dice.IntN(5)]
	case 1:
		return cursor + pick(dice, "\n", " ", "A", "=")
	case 2:
		return cursor[:at] + "\n" + cursor[at:]
	case 3:
		if strings.Contains(cursor, "+") {
			return strings.ReplaceAll(cursor, "+", " ") // as a client sends it that does not encode it
		}
	}
	for {
		if c := digits[dice.IntN(len(digits))]; c != cursor[at] {
			return cursor[:at] + string(c) + cursor[at+1:]
		}
	}
}

// stepStranger asks for a job of another organization, or of nobody.
func (r *run) stepStranger(dice *rand.Rand) error {
	j := r.job(dice, pick(dice, ^gone, fulfilled))
	if j == nil {
		return nil
	}
	stranger := pick(dice, r.orgs[0].clients[0], r.orgs[1].clients[0])
	if stranger.org == j.client.org {
		j = &asyncJob{n: -1, id: uuid.NewString(), cursors: map[int]string{}}
	}
	r.more("job %d", j.n)
	method, path := "GET", j.path()
	switch dice.IntN(3) {
	case 0:
		method = "DELETE"
	case 1:
		path = j.results("", "")
		if places := j.places(); len(places) > 0 {
			path = j.results(j.cursors[pick(dice, places...)], "")
		}
	}
	a, err := r.request(stranger, method, path, "", nil)
	if err == nil && a.status != http.StatusNotFound {
		return a.unexpected("404")
	}
	return err
}

func (r *run) stepAwait(dice *rand.Rand) error {
	j := r.job(dice, open)
	if j == nil {
		return nil
	}
	r.more("job %d", j.n)
	for deadline := time.Now().Add(time.Minute); j.may&open != 0; time.Sleep(3 * time.Millisecond) {
		if err := r.status(j, j.reader(dice)); err != nil {
			return err
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("job %d does not come to an end", j.n)
		}
	}
	return nil
}

// stepAvailable asks up to when a lake is complete: as after one of the commits that may be the last.
func (r *run) stepAvailable(dice *rand.Rand) error {
	c := r.client(dice)
	a, err := r.request(c, "GET", jobsPath+"/availability", "", nil)
	if err != nil {
		return err
	}
	var body struct {
		DataAvailabilityDate time.Time `json:"dataAvailabilityDate"`
	}
	if err := a.decode(&body); err != nil || a.status != http.StatusOK {
		return errors.Join(a.unexpected("200"), err)
	}
	for _, m := range c.org.corpus.moments[a.ended:] {
		if m.whole.Equal(body.DataAvailabilityDate) {
			return nil
		}
	}
	return a.unexpected("a date of the last commits")
}

// stepClock moves the server's clock: some hours, or to just before or after the moment when a job expires.
func (r *run) stepClock(dice *rand.Rand) error {
	by := chance(dice, 20*time.Hour)
	if j := r.job(dice, fulfilled); j != nil && !j.expires.IsZero() && dice.IntN(2) == 0 {
		to := j.expires.Sub(r.now()) + chance(dice, 60*time.Millisecond) - 30*time.Millisecond
		if to > 0 {
			by = to
		}
	}
	if err := setClock(r.settings.Clock, r.offset+by); err != nil {
		return err
	}
	r.offset += by
	r.more("by %v", by)
	return nil
}

func (r *run) stepCommit(dice *rand.Rand) error {
	c := pick(dice, r.orgs...).corpus
	if !c.idle.Load() {
		return nil
	}
	if err := c.wait(); err != nil {
		return err
	}
	first := c.next
	var news []*version
	if dice.IntN(4) == 0 {
		day, err := c.day(dice)
		if err != nil {
			return err
		}
		if dice.IntN(8) > 0 { // else nobody called on that day
			news = day
		}
	}
	if first == c.next || dice.IntN(2) == 0 {
		changed, err := c.changed(dice, 1+dice.IntN(40))
		if err != nil {
			return err
		}
		news = append(news, changed...)
	}
	if r.anyOpen() {
		r.counts["commit while jobs were open"]++
	}
	c.commit(r.t.Context(), first, news, dice.IntN(3) == 0)
	return nil
}

func (r *run) stepExpire(dice *rand.Rand) error {
	c := pick(dice, r.orgs...).corpus
	if !c.idle.Load() {
		return nil
	}
	if err := c.wait(); err != nil {
		return err
	}
	c.expire(r.t.Context())
	return nil
}

// stepStop stops the server as its operator does, and starts it again.
func (r *run) stepStop(*rand.Rand) error {
	if r.server.dying() {
		return nil
	}
	if err := r.server.stop(); err != nil {
		return err
	}
	r.counts["stopped"]++
	return r.restart(-1)
}

func (r *run) anyOpen() bool {
	return slices.ContainsFunc(r.jobs, func(j *asyncJob) bool { return j.may&^open == 0 })
}

// revive starts the server again after it was killed; sometimes it is killed on its way, too.
func (r *run) revive(why error) {
	r.t.Helper()
	for errors.Is(why, errDown) {
		if !r.server.dying() {
			r.t.Fatal(why)
		}
		if err := r.server.wait(); err != nil {
			r.t.Fatal(err)
		}
		r.counts["killed"]++
		if r.anyOpen() {
			r.counts["killed while jobs were open"]++
		}
		dice := rand.New(rand.NewPCG(uint64(r.counts["killed"]), 0))
		again := time.Duration(-1)
		if dice.IntN(5) == 0 {
			again = chance(dice, time.Second)
		}
		r.note("killed; killed again: %v", again >= 0)
		why = r.restart(again)
	}
	if why != nil {
		r.t.Fatal(why)
	}
}

// restart starts the server, and compares what it has of the time before.
func (r *run) restart(kill time.Duration) (err error) {
	r.starts++
	for _, j := range r.jobs {
		j.restarted(r.now())
	}
	if r.server, err = start(r.settings, kill); err != nil {
		return err
	}
	if r.server.url == "" {
		return errDown
	}
	if err := r.listAll(); err != nil {
		return err
	}
	r.lost = nil // it never came to be
	if r.server.dying() {
		return nil // whether it has cleared away by now does not matter
	}
	r.files(false)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		late := slices.IndexFunc(r.jobs, func(j *asyncJob) bool { return j.may != gone && j.forgotten(r.now()) })
		if late < 0 {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("job %d is %v and not forgotten", late, r.jobs[late].may)
		}
		if err := r.listAll(); err != nil {
			return err
		}
	}
}

// chance is a duration up to some length.
func chance(dice *rand.Rand, length time.Duration) time.Duration {
	return time.Duration(dice.Int64N(int64(length)))
}
