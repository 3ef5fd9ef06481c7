// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"iter"
	"strconv"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine"
	"scoutfs/engine/ioctl"
	"scoutfs/walk/changes"
)

// changesCommand is one run of changes.
type changesCommand struct {
	env      *cli.Env
	where    location
	options  changes.Options
	since    uint64
	from     string
	follow   bool
	interval time.Duration

	damaged uint64 // records that were damaged
	err     error  // that ended the feed before its end record
}

func newChanges(env *cli.Env) *cobra.Command {
	c := &changesCommand{env: env}
	cmd := &cobra.Command{
		Use:     "changes",
		GroupID: cli.GroupAgent,
		Short:   "Print the inodes that have changed, with their paths and attributes",
		Long: `Prints every inode that has changed, in the order of the sequence numbers of
their last changes, and at the end the number to give to --since next time:
that run goes on exactly where this one ended, and no change is ever missed.
An inode that changes again is printed again, with a greater sequence number.
Only what is committed is printed.

Each record has its position, SEQ.INO. A run with --from POSITION goes on
behind that record. Whatever part of the output was kept, together they are the
whole.

An inode that is deleted is in no index, and so it is not in the feed: ask for
the inode numbers that you know of. One that is found to be gone while it is
looked up is printed as gone. Renaming a directory changes the paths below it,
but no inode there; only the directory is printed.

In JSON each record has a type. A change has position, seq, ino, kind, path,
the fields of stat(2) and stat_more, project_id and retention; on a mount, only
files and directories have all of them. Gone has no attributes. Damaged has a
message in their place; the exit status is then 1. The last record is the end,
with next, for --since, and position, for --from; next is missing if no number
will do. A run that failed has no end.`,
		Example: `  scoutfs changes -p /mnt/archive --since 1041 --output jsonl
  scoutfs changes -p /mnt/archive --follow --xattrs --output jsonl
  scoutfs changes --meta-device /dev/meta --limit 1000 --from 12.1030`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			return c.run(cmd)
		},
	}
	c.where.define(cmd)
	flags := cmd.Flags()
	flags.Var(values.Uint64(&c.since), "since", "print changes with greater sequence numbers than `SEQ`; without it, all that there are")
	flags.StringVar(&c.from, "from", "", "print what comes behind the record at `POSITION`")
	flags.Var(values.Uint64(&c.options.Until), "until", "print changes with sequence numbers up to `SEQ`")
	flags.Var(values.Uint64(&c.options.Limit), "limit", "print at most `COUNT` records")
	flags.BoolVar(&c.options.AllPaths, "all-paths", false, "print the paths of all links, not only of one")
	flags.BoolVar(&c.options.Xattrs, "xattrs", false, "print the extended attributes, hidden ones too; in JSON with their values")
	flags.BoolVar(&c.follow, "follow", false, "go on with changes as they are committed, until interrupted; on a mount, or with --live")
	flags.DurationVar(&c.interval, "interval", time.Second, "with --follow: look for changes every `DURATION`")
	reportsList(cmd)
	return cmd
}

func (c *changesCommand) run(cmd *cobra.Command) error {
	if err := c.arguments(cmd); err != nil {
		return err
	}
	ctx := cmd.Context()
	return c.where.ask(ctx, func(t ioctl.Target) error {
		source, err := sourceOf(t)
		if err != nil {
			return err
		}
		if err := changeListing(c.options.Detail).write(c.env, c.feed(ctx, changes.New(source, c.options))); err != nil {
			return err
		}
		if c.err == nil && c.damaged > 0 {
			return cli.Failf(syscall.EIO, "found %s", countOf(c.damaged, "damaged inode", "damaged inodes"))
		}
		return c.err
	})
}

func (c *changesCommand) arguments(cmd *cobra.Command) error {
	flags := cmd.Flags()
	given := flags.Changed
	switch {
	case given("since") && given("from"):
		return cli.Usagef("--since and --from cannot be combined")
	case given("until") && c.options.Until == 0:
		return cli.Usagef("--until must be at least 1")
	case given("limit") && c.options.Limit == 0:
		return cli.Usagef("--limit must be at least 1")
	case given("interval") && !c.follow:
		return cli.Usagef("--interval needs --follow")
	case c.interval <= 0:
		return cli.Usagef("--interval must be more than 0")
	case c.follow && c.where.offline() && !c.where.live:
		return cli.Usagef("--follow needs a mount, or --live: an unmounted volume does not change")
	case c.follow && c.env.Output().Form() == output.Table:
		return cli.Usagef("--follow cannot be combined with --output table, which is written at the end")
	case given("since"):
		c.options.After = changes.AfterSeq(c.since)
	case given("from"):
		var err error
		if c.options.After, err = changes.ParsePosition(c.from); err != nil {
			return cli.Usagef("%s", err)
		}
	}
	return nil
}

// sourceOf returns the feed's source on whatever is open.
func sourceOf(t ioctl.Target) (changes.Source, error) {
	switch t := t.(type) {
	case *engine.Target:
		return changes.OnDevices(t.Volume()), nil
	case *ioctl.Mount:
		return changes.OnMount(t), nil
	}
	return nil, errors.ErrUnsupported
}

// changeItem is a line of the feed: a record, damaged if err is set, or the
// end without one.
type changeItem struct {
	change *changes.Change
	err    error
	end    *changes.Feed
}

// feed yields the records and the end of a feed. Being interrupted is an end
// too; c.err then has the reason if there should have been more.
func (c *changesCommand) feed(ctx context.Context, feed *changes.Feed) iter.Seq2[changeItem, error] {
	return func(yield func(changeItem, error) bool) {
		for {
			for change, err := range feed.Pass(ctx) {
				if change == nil {
					if ctx.Err() != nil {
						c.interrupted(ctx, feed, yield)
						return
					}
					yield(changeItem{}, feedFailure(err))
					return
				}
				if err != nil {
					c.damaged++
				}
				if !yield(changeItem{change: change, err: err}, nil) {
					return
				}
			}
			if !c.follow || feed.Done() {
				yield(changeItem{end: feed}, nil)
				return
			}
			if err := c.env.Output().Flush(); err != nil {
				yield(changeItem{}, err)
				return
			}
			select {
			case <-ctx.Done():
				c.interrupted(ctx, feed, yield)
				return
			case <-time.After(c.interval):
			}
		}
	}
}

func (c *changesCommand) interrupted(ctx context.Context, feed *changes.Feed, yield func(changeItem, error) bool) {
	if !c.follow {
		c.err = context.Cause(ctx)
	}
	yield(changeItem{end: feed}, nil)
}

// feedFailure names what failed on a mount.
func feedFailure(err error) error { return ioctlFailure(err, "reading the changes failed") }

// countOf is a number of things in words.
func countOf(n uint64, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.FormatUint(n, 10) + " " + more
}
