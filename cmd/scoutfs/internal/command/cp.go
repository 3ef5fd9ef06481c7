// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/copytree"
	"scoutfs/edit"
	"scoutfs/walk/tree"
)

// cpCommand is one run of cp.
type cpCommand struct {
	env       *cli.Env
	where     location
	options   copytree.Options
	recursive bool
	noTarget  bool
	verbose   bool
	jobs      uint64
	problems  *problems
	renamed   bool // the copy of a directory has a name of its own
}

func newCp(env *cli.Env) *cobra.Command {
	c := &cpCommand{env: env, jobs: copytree.DefaultJobs}
	cmd := &cobra.Command{
		Use:     "cp SOURCE... DESTINATION",
		GroupID: cli.GroupFiles,
		Short:   "Copy files and trees into a volume, mounted or not",
		Long: `Copies files of this machine, with -r whole trees, with holes, hard links,
owners, permissions, ACLs, extended attributes and times, as 'cp -a' does. With
--meta-device DESTINATION is inside the volume; otherwise it is a path on this
machine. If it is a directory, copies keep their names inside of it. extract
copies in the other direction.

A file that is there with the size and time of last change of its source is
taken as complete; any other file in the way is replaced, unless -n is given. A
copy that was stopped, by whatever, is therefore completed when the same
command is run again, with -T if the copy of a directory was to have a name of
its own. What cannot be read or is not kept is told, and everything else is
copied.

In JSON there is an object for each file with something to tell, with type and
path: copied, with -v, and failed with a message; not-kept has what the first
such file lost and a message. The last one has the type end with complete,
false if the copy was stopped, and what was counted.`,
		Example: `  scoutfs cp -r --meta-device /dev/meta --data-device /dev/data /home /srv /
  scoutfs cp file /mnt/archive/dir`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) == 0:
				return cli.Usagef("missing file operand")
			case len(operands) == 1:
				return cli.Usagef("missing destination file operand after '%s'", operands[0])
			case c.noTarget && len(operands) > 2:
				return cli.Usagef("extra operand '%s'", operands[2])
			case c.jobs == 0 || c.jobs > maxJobs:
				return cli.Usagef("--jobs must be from 1 to %d", maxJobs)
			}
			last := len(operands) - 1
			return c.run(cmd.Context(), operands[:last], operands[last])
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&c.recursive, "recursive", "r", false, "copy directories with all that is in them")
	flags.BoolVarP(&c.options.NoClobber, "no-clobber", "n", false, "leave files alone that are there")
	flags.BoolVarP(&c.noTarget, "no-target-directory", "T", false, "DESTINATION is the copy even if it is a directory")
	flags.VarP(values.Uint64(&c.jobs), "jobs", "j", "copy `N` files at the same time")
	flags.BoolVarP(&c.verbose, "verbose", "v", false, "say what is copied")
	flags.BoolVarP(&c.recursive, "archive", "a", false, "as -r; everything else is done anyway")
	flags.BoolVarP(&c.recursive, "recurse", "R", false, "as -r")
	flags.BoolP("preserve", "p", false, "keep owners, permissions and times, as is done anyway")
	flags.BoolP("force", "f", false, "replace what is there, as is done anyway")
	c.where.defineWriting(c.env, cmd)
	reportsList(cmd)
	cli.CommandLineOnly(cmd, "no-clobber", "no-target-directory")
	return cmd
}

func (c *cpCommand) run(parent context.Context, paths []string, destination string) error {
	ctx, stop := context.WithCancelCause(parent)
	defer stop(nil)
	c.problems = newProblems(ctx, c.env)
	return c.where.edit(ctx, func(files edit.Files) error {
		source := tree.OnMount()
		sources, err := c.sources(ctx, source, files, paths, destination)
		if err != nil {
			return err
		}
		printer := newCopyPrinter(c.env, c.verbose)
		c.options.Jobs, c.options.Progress, c.options.Every = int(c.jobs), c.env.Progress(), c.verbose
		var first error
		c.options.Tell = func(ev copytree.Event) {
			if ev.Kind == copytree.Failed && first == nil {
				first = ev.Err
			}
			if err := printer.event(&ev); err != nil {
				stop(err)
			}
		}
		result, err := copytree.Copy(ctx, source, files, sources, c.options)
		if lost := printer.end(&result, err == nil); lost != nil {
			return lost
		}
		if lost := c.env.Output().Flush(); lost != nil {
			return lost
		}
		return c.outcome(&result, first, err)
	})
}

// sources says where each operand goes. Directories are refused without -r.
func (c *cpCommand) sources(ctx context.Context, src tree.Tree, files edit.Files, paths []string, destination string) ([]copytree.Source, error) {
	n, err := files.Resolve(ctx, destination, true)
	toDir := err == nil && n.IsDir() && !c.noTarget
	switch {
	case err != nil && !errors.Is(err, syscall.ENOENT):
		return nil, cannot("copy to", destination, err)
	case len(paths) > 1 && !toDir && err != nil:
		return nil, cannot("copy to", destination, err)
	case len(paths) > 1 && !toDir:
		return nil, cannot("copy to", destination, syscall.ENOTDIR)
	}
	var sources []copytree.Source
	for _, path := range paths {
		s := copytree.Source{Path: path, To: destination}
		n, err := src.Resolve(ctx, path, false)
		if err == nil && n.IsDir() && !c.recursive {
			err = &toldError{"it is a directory, and -r was not given", syscall.EISDIR}
		}
		if err != nil {
			if err := c.problems.note(cannot("copy", path, err)); err != nil {
				return nil, err
			}
			continue
		}
		c.renamed = n.IsDir() && !toDir && !c.noTarget
		if _, name := edit.Split(path); toDir && name != "" && name != "." && name != ".." {
			s.To = into(destination, path)
		}
		sources = append(sources, s)
	}
	return sources, nil
}

// outcome is what the command ends with.
func (c *cpCommand) outcome(r *copytree.Result, first, err error) error {
	_, interrupted := errors.AsType[*cli.Interrupted](err)
	switch full, at := errors.AsType[*fs.PathError](err); {
	case interrupted && c.renamed:
		c.env.Warnf("to go on, run the same command again with -T, for the directory is there now")
		return err
	case interrupted:
		c.env.Warnf("to go on, run the same command again")
		return err
	case at:
		return cli.Failf(err, "%s", cannot("copy", full.Path, full.Err))
	case err != nil:
		return cli.Failf(err, "%s", problemText(err))
	case r.Failed > 0:
		return cli.Failf(first, "not copied: %s", countOf(r.Failed, "file", "files"))
	}
	return c.problems.failure()
}

// copyPrinter writes what a copy has to tell.
type copyPrinter interface {
	event(*copytree.Event) error
	// end writes what was counted. complete is false of a copy that was
	// stopped.
	end(r *copytree.Result, complete bool) error
}

func newCopyPrinter(env *cli.Env, verbose bool) copyPrinter {
	switch out := env.Output(); out.Form() {
	case output.Table:
		return &copyTable{table: out.Table(output.Column{Name: "WHAT"}, output.Column{Name: "PATH"}, output.Column{Name: "DETAIL"})}
	case output.JSON, output.JSONL:
		return &copyJSON{out.List()}
	}
	return &copyText{env: env, verbose: verbose}
}

// copyMessage is a failure or loss in one line.
func copyMessage(ev *copytree.Event) string {
	if ev.Kind == copytree.NotKept {
		return fmt.Sprintf("%s: %s not kept, and the same of further files is only counted: %s",
			shownName(ev.Path), ev.What, reason(ev.Path, ev.Err))
	}
	return cannot("copy", ev.Path, ev.Err).Error()
}

type copyText struct {
	env     *cli.Env
	verbose bool
	failed  uint64
}

func (t *copyText) event(ev *copytree.Event) error {
	out := t.env.Output()
	switch ev.Kind {
	case copytree.Copied:
		out.Printf("'%s' -> '%s'\n", nameFor(t.env, ev.Path), nameFor(t.env, ev.To))
	case copytree.NotKept:
		t.env.Warnf("%s", copyMessage(ev))
	default:
		switch t.failed++; {
		case t.failed <= maxProblems:
			t.env.Warnf("%s", copyMessage(ev))
		case t.failed == maxProblems+1:
			t.env.Warnf("further problems are only counted")
		}
	}
	return out.Err()
}

// end is silent about a copy that went well, as cp(1) is, but for -v.
func (t *copyText) end(r *copytree.Result, complete bool) error {
	out := t.env.Output()
	if !t.verbose && complete {
		return out.Err()
	}
	heading := "Copied:"
	if !complete {
		heading = "Copied before the end:"
	}
	var lines []field
	for _, c := range []struct {
		label string
		n     uint64
	}{
		{"files", r.Files},
		{"directories", r.Directories},
		{"symbolic links", r.Symlinks},
		{"devices, pipes, sockets", r.Specials},
		{"hard links", r.HardLinks},
		{"already there", r.AlreadyThere},
		{"failed", r.Failed},
	} {
		if c.n > 0 {
			lines = append(lines, field{c.label, strconv.FormatUint(c.n, 10)})
		}
	}
	lines = append(lines, field{"data", shortSize(r.Bytes)})
	out.Printf("%s\n%s", heading, fields(len("  devices, pipes, sockets:  "), lines))
	return out.Err()
}

type copyTable struct{ table *output.Columns }

func (t *copyTable) event(ev *copytree.Event) error {
	detail := ev.To
	if ev.Kind != copytree.Copied {
		detail = reason(ev.Path, ev.Err)
	}
	if ev.Kind == copytree.NotKept {
		detail = ev.What + ": " + detail
	}
	t.table.Row(ev.Kind.String(), shownName(ev.Path), detail)
	return nil
}

func (t *copyTable) end(*copytree.Result, bool) error { return t.table.Close() }

type copyJSON struct{ list *output.List }

// copyEventJSON is a file in JSON.
type copyEventJSON struct {
	Type      string      `json:"type"`
	Path      output.Name `json:"path"`
	To        output.Name `json:"to,omitempty"`
	What      string      `json:"what,omitempty"`
	Message   string      `json:"message,omitempty"`
	Errno     int         `json:"errno,omitempty"`
	ErrnoName string      `json:"errno_name,omitempty"`
}

type copyEndJSON struct {
	Type         string     `json:"type"`
	Complete     bool       `json:"complete"`
	Files        uint64     `json:"files"`
	Bytes        uint64     `json:"bytes"`
	Directories  uint64     `json:"directories"`
	Symlinks     uint64     `json:"symlinks"`
	Specials     uint64     `json:"specials"`
	HardLinks    uint64     `json:"hard_links"`
	AlreadyThere uint64     `json:"already_there"`
	Failed       uint64     `json:"failed"`
	NotKept      []lossJSON `json:"not_kept"`
}

func (j *copyJSON) event(ev *copytree.Event) error {
	o := copyEventJSON{Type: ev.Kind.String(), Path: output.Name(ev.Path), To: output.Name(ev.To), What: ev.What}
	if ev.Err != nil {
		number := errno.Of(ev.Err)
		o.Message, o.Errno, o.ErrnoName = reason(ev.Path, ev.Err), int(number), errno.Name(number)
	}
	return j.list.Add(o)
}

func (j *copyJSON) end(r *copytree.Result, complete bool) error {
	end := copyEndJSON{
		Type: "end", Complete: complete, Files: r.Files, Bytes: r.Bytes, Directories: r.Directories, Symlinks: r.Symlinks,
		Specials: r.Specials, HardLinks: r.HardLinks, AlreadyThere: r.AlreadyThere, Failed: r.Failed, NotKept: []lossJSON{},
	}
	for _, loss := range r.NotKept {
		end.NotKept = append(end.NotKept, lossJSON(loss))
	}
	if err := j.list.Add(end); err != nil {
		return err
	}
	return j.list.Close()
}
