// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"iter"
	"strconv"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/walk/tree"
	"scoutfs/walk/usage"
)

// What du can add up by.
const (
	byDirectory = "directory"
	byUID       = "uid"
	byGID       = "gid"
	byProject   = "project"
)

// duCommand is one run of du.
type duCommand struct {
	env       *cli.Env
	where     location
	by        string
	all       bool
	summarize bool
	total     bool
	human     bool
	numeric   bool
	maxDepth  uint64
	limited   bool // to maxDepth
	options   usage.Options
	problems  *problems
}

func newDu(env *cli.Env) *cobra.Command {
	d := &duCommand{env: env, by: byDirectory}
	cmd := &cobra.Command{
		Use:     "du [PATH...]",
		GroupID: cli.GroupFiles,
		Short:   "Add up what files take on the data device and in the archive",
		Long: `Adds up the bytes of files that are online, on the data device, and offline,
in the archive only, in whole blocks. Without --by there is a line for each
directory, which counts everything below it. With --by there is one for each
owner, group or project of the files at all PATHs.

With --meta-device, PATH is inside the volume, by default its root; otherwise
it is a path on this machine, by default the working directory. Elsewhere than
on scoutfs everything is online and has no project. Symbolic links are not
followed. A file with several links counts where it is met first; a PATH
inside another one counts once more.

Each line has the online bytes, the offline bytes and the path, or the number
and name of the owner, with tabs between them. Tables and JSON also have the
sum of the sizes, the number of inodes, and of directories the inode number.

In JSON each line is an object with a type: directory, file for what --all
adds, total, uid, gid or project. It has path and ino, or id, and name where
the owner has one on this machine; and online_bytes, offline_bytes, size and
inodes. The id of a project that is not known is null.`,
		Example: `  scoutfs du -h --max-depth 1 --meta-device /dev/meta
  scoutfs du --by project --output json --meta-device /dev/meta
  scoutfs du -sh /mnt/archive/*`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			d.limited = cmd.Flags().Changed("max-depth")
			return d.run(cmd.Context(), operands)
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&d.all, "all", "a", false, "print files too, not only directories")
	flags.BoolVarP(&d.summarize, "summarize", "s", false, "print only a line for each PATH")
	flags.VarP(values.Uint64(&d.maxDepth), "max-depth", "d", "print what is at most `N` directories below PATH")
	flags.BoolVarP(&d.total, "total", "c", false, "print the sum of all PATHs in the end")
	flags.Var(values.Choice(&d.by, byDirectory, byUID, byGID, byProject), "by", "add up by `WHAT`: directory, uid, gid, or project")
	flags.BoolVarP(&d.human, "human-readable", "h", false, "print bytes as 1.5K, 23M")
	flags.BoolVarP(&d.numeric, "numeric-uid-gid", "n", false, "with --by: print no names of owners and groups")
	flags.BoolVarP(&d.options.OneFileSystem, "one-file-system", "x", false, "leave out what is mounted below PATH")
	d.where.defineDevices(cmd)
	reportsList(cmd)
	return cmd
}

func (d *duCommand) run(ctx context.Context, operands []string) error {
	if err := d.check(); err != nil {
		return err
	}
	if len(operands) == 0 {
		operands = []string{d.where.start()}
	}
	d.options.Progress = d.env.Progress()
	d.problems = newProblems(ctx, d.env)
	return d.where.browse(ctx, func(t tree.Tree) error {
		starts, err := d.starts(ctx, t, operands)
		if err != nil {
			return err
		}
		var rows iter.Seq2[duRow, error]
		if d.by == byDirectory {
			rows = d.directories(ctx, t, starts)
		} else {
			rows = d.owners(ctx, t, starts)
		}
		if err := d.listing().write(d.env, rows); err != nil {
			return err
		}
		return d.problems.failure()
	})
}

func (d *duCommand) check() error {
	given := []struct {
		name string
		set  bool
	}{{"all", d.all}, {"summarize", d.summarize}, {"max-depth", d.limited}}
	for i, a := range given {
		if a.set && d.by != byDirectory {
			return cli.Usagef("--%s cannot be combined with --by %s", a.name, d.by)
		}
		for _, b := range given[i+1:] {
			if a.set && b.set && (a.name != "all" || b.name != "max-depth") {
				return cli.Usagef("--%s and --%s cannot be combined", a.name, b.name)
			}
		}
	}
	if d.numeric && d.by != byUID && d.by != byGID {
		return cli.Usagef("--numeric-uid-gid needs --by uid or --by gid")
	}
	return nil
}

// starts finds the operands.
func (d *duCommand) starts(ctx context.Context, t tree.Tree, operands []string) ([]tree.Node, error) {
	var starts []tree.Node
	for _, path := range operands {
		n, err := t.Resolve(ctx, path, false)
		if err == nil {
			starts = append(starts, n)
			continue
		}
		if err := d.problems.note(atPath(path, err)); err != nil {
			return nil, err
		}
	}
	return starts, nil
}

// directories returns the rows of files and directories that are wanted.
func (d *duCommand) directories(ctx context.Context, t tree.Tree, starts []tree.Node) iter.Seq2[duRow, error] {
	rows := usage.Directories(ctx, t, starts, d.options)
	if d.summarize && len(starts) == 1 {
		rows = usage.Total(ctx, t, starts[0], d.options)
	}
	return func(yield func(duRow, error) bool) {
		var total usage.Sum
		for row, err := range pass(d.problems, rows) {
			if err != nil {
				yield(duRow{}, err)
				return
			}
			if row.Depth == 0 {
				total.Add(row.Sum)
			}
			if !d.shows(&row) {
				continue
			}
			kind := byDirectory
			if !row.Attr.IsDir() {
				kind = "file"
			}
			if !yield(duRow{kind: kind, path: row.Node.Path, ino: row.Attr.Ino, sum: row.Sum}, nil) {
				return
			}
		}
		if d.total {
			yield(duRow{kind: "total", sum: total}, nil)
		}
	}
}

// shows reports whether a row is printed. What a PATH names always is.
func (d *duCommand) shows(row *usage.Row) bool {
	switch {
	case row.Depth == 0:
		return true
	case d.summarize || d.limited && uint64(row.Depth) > d.maxDepth:
		return false
	}
	return d.all || row.Attr.IsDir()
}

// owners returns the rows of owners, groups or projects.
func (d *duCommand) owners(ctx context.Context, t tree.Tree, starts []tree.Node) iter.Seq2[duRow, error] {
	by := map[string]usage.By{byUID: usage.ByUID, byGID: usage.ByGID, byProject: usage.ByProject}[d.by]
	names := newOwners(d.numeric)
	return func(yield func(duRow, error) bool) {
		var total usage.Sum
		for row, err := range pass(d.problems, usage.Owners(ctx, t, starts, by, d.options)) {
			if err != nil {
				yield(duRow{}, err)
				return
			}
			total.Add(row.Sum)
			r := duRow{kind: d.by, id: row.ID, known: row.Known, sum: row.Sum}
			switch by {
			case usage.ByUID:
				r.name = names.user(uint32(row.ID))
			case usage.ByGID:
				r.name = names.group(uint32(row.ID))
			}
			if r.name == strconv.FormatUint(row.ID, 10) {
				r.name = ""
			}
			if !yield(r, nil) {
				return
			}
		}
		if d.total {
			yield(duRow{kind: "total", sum: total}, nil)
		}
	}
}
