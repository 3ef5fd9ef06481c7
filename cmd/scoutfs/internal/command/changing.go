// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/edit"
	volumefs "scoutfs/engine/fs"
	"scoutfs/walk/tree"
)

// fileChange is one run of a command that changes files.
type fileChange struct {
	env     *cli.Env
	where   location
	verbose bool

	// Of the run.
	ctx      context.Context
	files    edit.Files
	problems *problems
	list     *output.List
}

// define adds the options of every such command.
func (c *fileChange) define(cmd *cobra.Command) {
	cmd.GroupID = cli.GroupFiles
	short := "v"
	if cmd.Flags().ShorthandLookup(short) != nil {
		short = "" // the command has another use for it
	}
	cmd.Flags().BoolVarP(&c.verbose, "verbose", short, false, "say what was done to each file")
	c.where.defineWriting(c.env, cmd)
	cli.Reports(cmd, output.JSON, output.JSONL)
}

// run lets do change files. It goes on after problems with one of them.
func (c *fileChange) run(ctx context.Context, do func() error) error {
	c.ctx, c.problems = ctx, newProblems(ctx, c.env)
	if c.env.Output().Form().Machine() {
		c.list = c.env.Output().List()
	}
	return c.where.edit(ctx, func(files edit.Files) error {
		c.files = files
		err := do()
		if c.list != nil {
			if lost := c.list.Close(); err == nil {
				err = lost
			}
		}
		if err != nil {
			return err
		}
		return c.problems.failure()
	})
}

// edit lets do change files: those of the volume on the devices, or those of
// this machine.
func (l *location) edit(ctx context.Context, do func(edit.Files) error) (err error) {
	if err := l.check(); err != nil {
		return err
	}
	if !l.offline() {
		return do(edit.OnMount())
	}
	volume, err := l.openVolume(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, volume.Close()) }()
	return l.hint(do(edit.OnDevices(volume, caller())))
}

// done is what was done to a file.
type done struct {
	kind   string // for programs: "removed"
	text   string // for people, with the path behind it; "" is kind
	path   string
	from   string // where it was before, or what it was made from
	detail string // for programs
}

// changedJSON is done in JSON.
type changedJSON struct {
	Type   string      `json:"type"`
	Path   output.Name `json:"path"`
	From   output.Name `json:"from,omitempty"`
	Detail string      `json:"detail,omitempty"`
}

// did tells what was done to a file.
func (c *fileChange) did(d done) error {
	out := c.env.Output()
	if d.text == "" {
		d.text = d.kind
	}
	switch {
	case c.list != nil:
		return c.list.Add(changedJSON{d.kind, output.Name(d.path), output.Name(d.from), d.detail})
	case !c.verbose:
	case d.from != "":
		out.Printf("%s '%s' -> '%s'\n", d.text, nameFor(c.env, d.from), nameFor(c.env, d.path))
	default:
		out.Printf("%s '%s'\n", d.text, nameFor(c.env, d.path))
	}
	return out.Err()
}

// each does something to every operand, and notes problems.
func (c *fileChange) each(operands []string, verb string, do func(path string) error) error {
	for _, path := range operands {
		err := context.Cause(c.ctx)
		if err == nil {
			err = do(path)
		}
		if err != nil {
			if err := c.problems.note(cannot(verb, path, err)); err != nil {
				return err
			}
		}
	}
	return nil
}

// cannot is an error about a file, in the words of the usual tools.
func cannot(verb, path string, err error) error {
	if _, told := errors.AsType[*cannotError](err); told || errors.Is(err, context.Canceled) {
		return err
	}
	return &cannotError{fmt.Sprintf("cannot %s '%s': %s", verb, shownName(path), reason(path, err)), err}
}

// cannotError is an error that names its file already.
type cannotError struct {
	text string
	err  error
}

func (e *cannotError) Error() string { return e.text }
func (e *cannotError) Unwrap() error { return e.err }

// reason is why something could not be done, without the path and with a
// next step where one is known.
func reason(path string, err error) string {
	text := problemText(err)
	opening, inner := errors.AsType[*fs.PathError](err)
	switch {
	case isAboutName(err) && (!inner || opening.Path == path), onlyNumber(path, err):
		text = errno.Text(err)
	case inner && onlyNumber(opening.Path, opening.Err) && opening.Path == path:
		text = errno.Text(err)
	}
	if step := nextStep(err); step != "" {
		text += "; " + step
	}
	return text
}

// isAboutName reports whether the number of an error says all that there is to
// say, as the name is known.
func isAboutName(err error) bool {
	for _, number := range []syscall.Errno{syscall.ENOENT, syscall.EEXIST, syscall.ENOTEMPTY, syscall.ENOTDIR, syscall.EISDIR, syscall.ENAMETOOLONG} {
		if errors.Is(err, number) {
			return !knowsMore(err) && !errors.As(err, new(*toldError))
		}
	}
	return false
}

// toldError is an error with words of this program, which say more than its
// number.
type toldError struct {
	text string
	err  error
}

func (e *toldError) Error() string { return e.text }
func (e *toldError) Unwrap() error { return e.err }

// nextStep says what helps against an error.
func nextStep(err error) string {
	_, offline := errors.AsType[*volumefs.OfflineError](err)
	switch {
	case offline:
		return "stage it first"
	case errors.Is(err, syscall.ENOSPC):
		return "the volume is full: remove or release files, or fold changes with scoutfs merge"
	case errors.Is(err, syscall.EDQUOT):
		return "a quota rule forbids it, see scoutfs quota-list"
	case errors.Is(err, syscall.EXDEV):
		return "copy it, and remove it then"
	}
	return ""
}

// caller is on whose behalf files of a volume on devices are changed: whoever
// runs the program owns what is made, and may change everything, for he can
// write to the devices.
func caller() edit.Caller {
	return edit.Caller{UID: uint32(os.Geteuid()), GID: uint32(os.Getegid()), Umask: umask(os.ReadFile)}
}

// usualUmask is taken where the system does not say what it is.
const usualUmask = 0o022

// umask returns the permissions that new files do not get.
func umask(readFile func(string) ([]byte, error)) uint32 {
	text, err := readFile("/proc/self/status")
	if err != nil {
		return usualUmask
	}
	for line := range strings.Lines(string(text)) {
		if digits, found := strings.CutPrefix(line, "Umask:"); found {
			if mask, err := strconv.ParseUint(strings.TrimSpace(digits), 8, 32); err == nil {
				return uint32(mask) & 0o777
			}
		}
	}
	return usualUmask
}

// into is where an operand goes that was given a directory: the same name
// inside of it.
func into(dir, source string) string {
	_, name := edit.Split(source)
	return tree.Join(dir, name)
}

// isDirectory reports whether a path leads to a directory.
func (c *fileChange) isDirectory(path string) bool {
	n, err := c.files.Resolve(c.ctx, path, true)
	return err == nil && n.IsDir()
}

// below calls do for a file and, with recursive, for all that is below it,
// directories before or after what is in them. Problems with one are noted.
func (c *fileChange) below(root tree.Node, verb string, after bool, do func(n tree.Node) error) error {
	for found, err := range tree.Walk(c.ctx, c.files, root, tree.WalkOptions[struct{}]{Leave: after}) {
		n := found.Node
		if err == nil && (!after || found.Left || !n.IsDir()) {
			err = do(n)
		}
		if err != nil {
			if err := c.problems.note(cannot(verb, n.Path, err)); err != nil {
				return err
			}
		}
	}
	return nil
}
