package sandbox

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/spf13/cobra"

	"github.com/parley-hq/parley/internal/cli/ui"
	"github.com/parley-hq/parley/internal/conversation"
	"github.com/parley-hq/parley/internal/fault"
	"github.com/parley-hq/parley/internal/private"
	"github.com/parley-hq/parley/internal/sandbox"
	"github.com/parley-hq/parley/internal/sandbox/control"
)

// controller is what the commands that control a running sandbox share.
type controller struct{ asking }

// controls are the commands that control a running sandbox.
func controls(s *ui.Streams) []*cobra.Command {
	c := &controller{asking{Streams: s}}
	all := []*cobra.Command{c.clockCommand(), c.batchCommand(), c.driftCommand(), c.rewriteCommand(), c.resetCommand(), c.saveCommand(), c.loadCommand()}
	for _, cmd := range all {
		c.flags(cmd)
	}
	return all
}

func (c *controller) do(ctx context.Context, method, path string, body, answer any) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return fault.Because(fault.Invalid, err, "what is sent to the sandbox is no JSON")
		}
	}
	return c.ask(ctx, method, control.Prefix+path, text, answer)
}

// command is one without arguments.
func (c *controller) command(use, short, example string, run func(context.Context, *cobra.Command) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: example, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), cmd) },
	}
}

// show prints what the clock shows.
func (c *controller) show(clock control.Clock) error {
	if c.JSON {
		return c.Streams.JSON(clock)
	}
	next := clock.NextBatch
	if next == "" {
		next = "none: batches are halted"
	}
	c.Streams.Printf("platform's clock      %s, %s\ndataAvailabilityDate  %s\nnext batch ends       %s\n", clock.Now, pace(clock.Speed), clock.Available, next)
	return nil
}

// pace says how fast the platform's clock goes.
func pace(speed float64) string {
	switch speed {
	case 0:
		return "standing still"
	case 1:
		return "going as the machine's"
	default:
		return fmt.Sprintf("going %g times as fast as the machine's", speed)
	}
}

// asJSON reads the value of a flag that is JSON.
func asJSON(flag, text string) (jsontext.Value, error) {
	v := jsontext.Value(text)
	if v.IsValid() {
		return v, nil
	}
	return nil, fault.Field(flag, `%s %s is no JSON; a text stands in quotes, an object in braces: '"late"', '{"a":1}'`, flag, fault.Clip(text))
}

// change sends a control that is answered with the clock.
func (c *controller) change(ctx context.Context, method, path string, body any) error {
	var clock control.Clock
	if err := c.do(ctx, method, path, body, &clock); err != nil {
		return err
	}
	return c.show(clock)
}

func (c *controller) clockCommand() *cobra.Command {
	var set, until string
	var advance time.Duration
	var speed float64
	var freeze bool
	cmd := c.command("clock", "Show a running sandbox's clock, stop it, move it ahead, change its speed",
		"  parley sandbox clock\n  parley sandbox clock --freeze\n  parley sandbox clock --advance 90m\n  parley sandbox clock --until-batch\n  parley sandbox clock --set 2026-11-09T06:00:00Z --speed 1000",
		func(ctx context.Context, cmd *cobra.Command) error {
			change := control.ClockChange{Set: set, Advance: sandbox.Span(advance), Until: until}
			if cmd.Flags().Changed("speed") {
				change.Speed = &speed
			}
			if freeze && change.Speed != nil {
				return fault.Field("--freeze", "--freeze is --speed 0; give one of them")
			}
			if freeze {
				change.Speed = new(0.0)
			}
			if cmd.Flags().Changed("until-batch") {
				change.Until = "batch"
			}
			if change == (control.ClockChange{}) {
				return c.change(ctx, http.MethodGet, "clock", nil)
			}
			return c.change(ctx, http.MethodPost, "clock", change)
		})
	f := cmd.Flags()
	f.StringVar(&set, "set", "", "move it to this instant, as 2026-11-09T06:00:00Z; it cannot go back")
	f.DurationVar(&advance, "advance", 0, "move it ahead by so much, as 90m")
	f.Bool("until-batch", false, "move it to the end of the next nightly batch")
	f.Float64Var(&speed, "speed", 1, "how many times as fast as the machine's clock it goes, at most 10000")
	f.BoolVar(&freeze, "freeze", false, "have it stand still")
	return cmd
}

func (c *controller) batchCommand() *cobra.Command {
	var fail []string
	var halt, resume bool
	var back string
	cmd := c.command("batch", "Have nightly batches fail, or the dataAvailabilityDate stand still or go back",
		"  parley sandbox batch --fail 2026-11-09\n  parley sandbox batch --halt\n  parley sandbox batch --resume\n  parley sandbox batch --back 2026-11-07T04:10:00Z",
		func(ctx context.Context, _ *cobra.Command) error {
			b := sandbox.Batch{Fail: fail}
			if halt && resume {
				return fault.Field("--resume", "--halt and --resume are opposites; give one of them")
			}
			if halt || resume {
				b.Halt = &halt
			}
			if back != "" {
				at, err := conversation.ParseTime(back)
				if err != nil {
					return fault.Field("--back", "--back %v", err)
				}
				b.Back = &at
			}
			if len(b.Fail) == 0 && b.Halt == nil && b.Back == nil {
				return fault.New(fault.Invalid, "say what happens to the batch: --fail, --halt, --resume or --back")
			}
			return c.change(ctx, http.MethodPost, "batch", b)
		})
	f := cmd.Flags()
	f.StringSliceVar(&fail, "fail", nil, "days to come, as 2026-11-09, on whose morning it fails")
	f.BoolVar(&halt, "halt", false, "no batch comes to its end from now on")
	f.BoolVar(&resume, "resume", false, "batches come to their end again")
	f.StringVar(&back, "back", "", "the dataAvailabilityDate goes back to this instant, until the next batch has ended")
	return cmd
}

func (c *controller) driftCommand() *cobra.Command {
	var pointer, value string
	var every int
	cmd := c.command("drift", "Have records of conversations that begin from now on hold a member or a value that nobody has seen",
		`  parley sandbox drift --at /newMember --value '{"a":1}'`+"\n"+`  parley sandbox drift --at /participants/0/sessions/0/mediaType --value '"hologram"' --every 10`,
		func(ctx context.Context, _ *cobra.Command) error {
			v, err := asJSON("--value", value)
			if err != nil {
				return err
			}
			return c.do(ctx, http.MethodPost, "drift", sandbox.Drift{Pointer: jsontext.Pointer(pointer), Value: v, Every: every}, nil)
		})
	f := cmd.Flags()
	f.StringVar(&pointer, "at", "", "where in the record, as a JSON pointer")
	f.StringVar(&value, "value", "", "the value, as JSON")
	f.IntVar(&every, "every", 1, "in one in so many records")
	cobra.CheckErr(cmd.MarkFlagRequired("at"))
	cobra.CheckErr(cmd.MarkFlagRequired("value"))
	return cmd
}

func (c *controller) rewriteCommand() *cobra.Command {
	var asked sandbox.Rewriting
	var id, patch string
	var older time.Duration
	cmd := c.command("rewrite", "Change records that there are, as the platform does when it goes over them again",
		"  parley sandbox rewrite --older 72h --count 5\n"+`  parley sandbox rewrite --conversation 5d3b3b2e-... --patch '{"externalTag":"late"}'`,
		func(ctx context.Context, cmd *cobra.Command) (err error) {
			asked.Conversation, asked.Older = conversation.ID(id), sandbox.Span(older)
			if cmd.Flags().Changed("patch") {
				if asked.Patch, err = asJSON("--patch", patch); err != nil {
					return err
				}
			}
			var done control.Rewritten
			if err := c.do(ctx, http.MethodPost, "rewrite", asked, &done); err != nil {
				return err
			}
			if c.JSON {
				return c.Streams.JSON(done)
			}
			for _, id := range done.Conversations {
				c.Streams.Printf("%s\n", id)
			}
			return nil
		})
	f := cmd.Flags()
	f.StringVar(&id, "conversation", "", "the id of one")
	f.DurationVar(&older, "older", 0, "else the last ones that began longer ago than this, as 72h")
	f.IntVar(&asked.Count, "count", 0, "so many of those (default 1)")
	f.StringVar(&patch, "patch", "", "what is merged into each record (RFC 7396); without it the externalTag changes")
	return cmd
}

func (c *controller) resetCommand() *cobra.Command {
	return c.command("reset", "Undo all that was done to a running sandbox: its clock stands where it began", "  parley sandbox reset",
		func(ctx context.Context, _ *cobra.Command) error { return c.change(ctx, http.MethodPost, "reset", nil) })
}

func (c *controller) saveCommand() *cobra.Command {
	return &cobra.Command{
		Use: "save [FILE]", Short: "Write the state of a running sandbox into a file, or to standard output", Args: cobra.MaximumNArgs(1),
		Example: "  parley sandbox save state.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			var state sandbox.State
			if err := c.do(cmd.Context(), http.MethodGet, "state", nil, &state); err != nil {
				return err
			}
			if len(args) == 0 {
				return c.Streams.JSON(state)
			}
			return save(args[0], state)
		},
	}
}

func save(path string, state sandbox.State) error {
	f, err := private.Open(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return fault.AtPath(err, "write %s", path)
	}
	err = json.MarshalWrite(f, state)
	if closed := f.Close(); err == nil {
		err = closed
	}
	return fault.AtPath(err, "write %s", path)
}

func (c *controller) loadCommand() *cobra.Command {
	return &cobra.Command{
		Use: "load FILE", Short: "Have a running sandbox go on from a state that was saved of one that began alike", Args: cobra.ExactArgs(1),
		Example: "  parley sandbox load state.json",
		RunE: func(cmd *cobra.Command, args []string) error {
			text, err := os.ReadFile(args[0])
			if err != nil {
				return fault.AtPath(err, "read %s", args[0])
			}
			var state sandbox.State
			if err := json.Unmarshal(text, &state); err != nil {
				return fault.Field("FILE", "%s is no saved state of a sandbox: make one by parley sandbox save", args[0])
			}
			err = c.change(cmd.Context(), http.MethodPut, "state", state)
			fault.Wrap(&err, "load %s", args[0])
			return err
		},
	}
}
