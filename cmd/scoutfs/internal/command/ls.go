// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"syscall"

	"github.com/RoaringBitmap/roaring/v2/roaring64"
	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/walk/tree"
)

// lsOptions are the options of ls.
type lsOptions struct {
	long, all, almostAll, directory, numeric, human, one, inode, recursive bool
	byTime, bySize, reverse, unsorted                                      bool
}

func newLs(env *cli.Env) *cobra.Command {
	var (
		where location
		o     lsOptions
	)
	cmd := &cobra.Command{
		Use:     "ls [PATH...]",
		GroupID: cli.GroupFiles,
		Short:   "List files and directories, with what of them is online",
		Long: `Lists files and the contents of directories. With --meta-device, PATH is inside
the volume, by default its root; otherwise it is a path on this machine, on
scoutfs or not, by default the working directory.

The long form has mode, links, owner, group, size in bytes (of a device its
numbers), online and offline blocks of 4 KiB as ONLINE/OFFLINE, the time of the
last change of content, and the name. For what has no blocks there is a dash,
and a question mark where only whoever may read the file could tell. Owners are
named as on this machine.

On a terminal, names that would do something to it are quoted; in a pipe they
are as they are. The JSON forms have the same members as find, and target for
symbolic links.`,
		Example: `  scoutfs ls -l --meta-device /dev/meta /dir
  scoutfs ls -lhS /mnt/archive
  scoutfs ls -R --output jsonl --meta-device /dev/meta`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if len(operands) == 0 {
				operands = []string{where.start()}
			}
			ctx := cmd.Context()
			return where.browse(ctx, func(t tree.Tree) error {
				l := newLister(ctx, env, t, o)
				return l.list(operands)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&o.long, "long", "l", false, "list attributes too")
	flags.BoolVarP(&o.all, "all", "a", false, "list names that begin with a dot, and '.' and '..'")
	flags.BoolVarP(&o.almostAll, "almost-all", "A", false, "list names that begin with a dot")
	flags.BoolVarP(&o.directory, "directory", "d", false, "list directories themselves, not what is in them")
	flags.BoolVarP(&o.numeric, "numeric-uid-gid", "n", false, "list numbers of owners and groups; implies -l")
	flags.BoolVarP(&o.human, "human-readable", "h", false, "list sizes, online and offline parts as 1.5K, 23M")
	flags.BoolVarP(&o.one, "one", "1", false, "list one name in each line, as in a pipe")
	flags.BoolVarP(&o.inode, "inode", "i", false, "list inode numbers")
	flags.BoolVarP(&o.recursive, "recursive", "R", false, "list what is in directories inside too")
	flags.BoolVarP(&o.byTime, "by-time", "t", false, "list the newest first")
	flags.BoolVarP(&o.bySize, "by-size", "S", false, "list the largest first")
	flags.BoolVarP(&o.reverse, "reverse", "r", false, "list in reverse order")
	flags.BoolVarP(&o.unsorted, "unsorted", "U", false, "list in the order of the directory, at once")
	where.defineDevices(cmd)
	reportsList(cmd)
	return cmd
}

// lsEntry is one line of a listing.
type lsEntry struct {
	node   tree.Node
	name   string // as it is listed
	attr   tree.Attr
	target string // of a symbolic link
}

// lister is one run of ls.
type lister struct {
	ctx      context.Context
	env      *cli.Env
	tree     tree.Tree
	o        lsOptions
	want     tree.Want
	problems *problems
	printer  lsPrinter
	seen     *roaring64.Bitmap // directories on devices that were listed
}

func newLister(ctx context.Context, env *cli.Env, t tree.Tree, o lsOptions) *lister {
	o.long = o.long || o.numeric
	l := &lister{ctx: ctx, env: env, tree: t, o: o, problems: newProblems(ctx, env)}
	if o.long || env.Output().Form() != output.Text {
		l.want = tree.WantArchive
	}
	if env.Output().Form().Machine() {
		l.want |= tree.WantProject
	}
	if _, devices := t.(*tree.Devices); devices {
		l.seen = roaring64.New()
	}
	l.printer = newLsPrinter(env, o)
	return l
}

// list lists operands: first what is no directory, then directories.
func (l *lister) list(operands []string) error {
	var files, dirs []lsEntry
	for _, path := range operands {
		e, err := l.operand(path)
		if err != nil {
			if err := l.problems.note(atPath(path, err)); err != nil {
				return err
			}
			continue
		}
		if e.attr.IsDir() && !l.o.directory {
			dirs = append(dirs, e)
		} else {
			files = append(files, e)
		}
	}
	l.sort(files)
	l.sort(dirs)
	if err := l.printer.entries(files); err != nil {
		return err
	}
	headings := len(operands) > 1 || l.o.recursive
	for _, dir := range dirs {
		if err := l.directory(&dir, headings); err != nil {
			return err
		}
	}
	if err := l.printer.close(); err != nil {
		return err
	}
	return l.problems.failure()
}

// operand looks at a path. A symbolic link to a directory stands for the
// directory, unless links themselves are of interest.
func (l *lister) operand(path string) (lsEntry, error) {
	n, err := l.tree.Resolve(l.ctx, path, false)
	if err != nil {
		return lsEntry{}, err
	}
	e, err := l.look(l.ctx, n)
	e.name = path
	if err != nil || !e.attr.IsSymlink() || l.o.long || l.o.directory {
		return e, err
	}
	if n, err := l.tree.Resolve(l.ctx, path, true); err == nil {
		if behind, err := l.look(l.ctx, n); err == nil && behind.attr.IsDir() {
			behind.name = path
			return behind, nil
		}
	}
	return e, nil
}

func (l *lister) look(ctx context.Context, n tree.Node) (e lsEntry, err error) {
	e = lsEntry{node: n, name: n.Name()}
	if e.attr, err = l.tree.Stat(ctx, n, l.want); err == nil && e.attr.IsSymlink() && l.want != 0 {
		e.target, err = l.tree.Readlink(ctx, n)
	}
	return e, err
}

// directory lists what is in a directory, and with -R below it.
func (l *lister) directory(dir *lsEntry, heading bool) error {
	if l.seen != nil && l.o.recursive && !l.seen.CheckedAdd(dir.attr.Ino) {
		return l.problems.note(fmt.Errorf("%s: directory %d was listed before: %w", shownName(dir.node.Path), dir.attr.Ino, syscall.ELOOP))
	}
	if heading {
		l.printer.heading(dir.node.Path)
	}
	entries, err := l.read(dir)
	if err != nil || !l.o.recursive {
		return err
	}
	for i := range entries {
		if e := &entries[i]; e.attr.IsDir() && e.name != "." && e.name != ".." {
			if err := l.directory(e, heading); err != nil {
				return err
			}
		}
	}
	return nil
}

// unsortedBatch is how many entries are written at a time when they need no
// order.
const unsortedBatch = 1000

// read reads and writes the entries of a directory, and returns them.
func (l *lister) read(dir *lsEntry) (entries []lsEntry, err error) {
	if l.o.all {
		entries = l.dots(dir)
	}
	opts := tree.WalkOptions[lsEntry]{
		Look: func(ctx context.Context, n tree.Node, depth int) (lsEntry, error) {
			if depth == 0 || !l.shown(n.Name()) {
				return lsEntry{}, nil
			}
			return l.look(ctx, n)
		},
		Enter: func(f *tree.Found[lsEntry], _ error) bool { return f.Depth == 0 },
	}
	for f, err := range tree.Walk(l.ctx, l.tree, dir.node, opts) {
		switch {
		case err != nil:
			if err := l.problems.note(atPath(f.Node.Path, err)); err != nil {
				return nil, err
			}
		case f.Depth == 1 && l.shown(f.Node.Name()):
			entries = append(entries, f.Value)
		}
		if l.o.unsorted && !l.o.recursive && len(entries) == unsortedBatch {
			if err := l.printer.entries(entries); err != nil {
				return nil, err
			}
			entries = entries[:0]
		}
	}
	l.sort(entries)
	return entries, l.printer.entries(entries)
}

// dots returns "." and "..".
func (l *lister) dots(dir *lsEntry) []lsEntry {
	self := *dir
	self.name = "."
	entries := []lsEntry{self}
	n, err := l.tree.Resolve(l.ctx, tree.Join(dir.node.Path, ".."), true)
	if err != nil {
		return entries
	}
	up, err := l.look(l.ctx, n)
	if err != nil {
		return entries
	}
	up.name = ".."
	return append(entries, up)
}

func (l *lister) shown(name string) bool {
	return l.o.all || l.o.almostAll || !strings.HasPrefix(name, ".")
}

// sort puts entries into the order that was asked for, those that are equal
// in it by name.
func (l *lister) sort(entries []lsEntry) {
	if l.o.unsorted {
		return
	}
	slices.SortStableFunc(entries, func(a, b lsEntry) int {
		order := 0
		switch {
		case l.o.byTime:
			order = b.attr.Mtime.Compare(a.attr.Mtime)
		case l.o.bySize && a.attr.Size != b.attr.Size:
			order = 1
			if a.attr.Size > b.attr.Size {
				order = -1
			}
		}
		if order == 0 {
			order = bytes.Compare([]byte(a.name), []byte(b.name))
		}
		if l.o.reverse {
			return -order
		}
		return order
	})
}
