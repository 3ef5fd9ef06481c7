// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/walk/find"
	"scoutfs/walk/tree"
)

// findCommand is one run of find.
type findCommand struct {
	env      *cli.Env
	where    location
	tests    findTests
	plan     string
	limit    uint64
	maxDepth uint64
	null     bool
	explain  bool
	problems *problems
}

func newFind(env *cli.Env) *cobra.Command {
	f := &findCommand{env: env, tests: findTests{now: env.Now}, plan: find.Auto.String()}
	cmd := &cobra.Command{
		Use:     "find [PATH...]",
		GroupID: cli.GroupFiles,
		Short:   "Find files by name, attributes, sequence numbers and xattrs",
		Long: `Prints the paths of files at PATH and below for which all tests hold. With
--meta-device, PATH is inside the volume, by default its root; otherwise it is
a path on this machine, by default the working directory. Symbolic links are
not followed. A file with several names is printed under each that fits.

Patterns are those of the shell; '*' stands for slashes and leading dots too.
Numbers are N for exactly N, +N for more, -N for less, FROM..TO, FROM.. and
..TO. Ages are counted as in find(1): a file of 47 hours is 1 day old. What is
not known of a file fails a test and its opposite: on a mount, sequence numbers
and states of files that the caller may not read, and of other file systems.

How files are looked for is chosen by cost, and said by --explain. Tests of
inode numbers, sequence numbers, xattrs with the srch tag, and of the indx tag
are answered by an index of the volume, if it names few inodes. Otherwise a
whole volume on its devices is searched in one pass over its inodes, and
anything else by walking the directories. Only the order of the paths depends
on it. On a mount, indexes need CAP_SYS_ADMIN or CAP_DAC_READ_SEARCH.

In JSON each file is an object with path, ino, kind, mode, nlink, uid, gid,
rdev_major and rdev_minor of devices, size, blocks of 512 bytes, and atime,
mtime, ctime, crtime as SECONDS.NANOSECONDS; on scoutfs also with meta_seq,
data_seq, data_version, online_blocks and offline_blocks of 4 KiB, state,
project_id and retention. Members that are not known are missing. A path that
is not UTF-8 is an object with base64.`,
		Example: `  scoutfs find --meta-device /dev/meta --name '*.dat' --state offline --size +1G
  scoutfs find /mnt/archive --not --user root --mtime -7 -0
  scoutfs find --explain --output jsonl --meta-device /dev/meta --meta-seq 1041..`,
		RunE: func(cmd *cobra.Command, operands []string) error { return f.run(cmd, operands) },
	}
	flags := cmd.Flags()
	f.tests.define(cmd)
	flags.Var(values.Uint64(&f.maxDepth), "max-depth", "look into at most `N` levels of directories below PATH")
	flags.Var(values.Uint64(&f.limit), "limit", "print at most `N` paths")
	flags.BoolVarP(&f.null, "null", "0", false, "end paths with a NUL character, not with a new line")
	flags.Var(values.Choice(&f.plan, find.Ways()...), "plan", "look for files by `PLAN`: auto, index, scan, or walk")
	flags.BoolVar(&f.explain, "explain", false, "say on the standard error how files were looked for, and what it took")
	f.where.defineDevices(cmd)
	reportsList(cmd)
	cli.CommandLineOnly(cmd, "max-depth", "limit", "null", "explain")
	return cmd
}

func (f *findCommand) run(cmd *cobra.Command, operands []string) error {
	flags := cmd.Flags()
	switch {
	case flags.Changed("limit") && f.limit == 0:
		return cli.Usagef("--limit must be at least 1")
	case f.null && f.env.Output().Form() != output.Text:
		return cli.Usagef("--null is text, it cannot be combined with --output %s", f.env.Output().Form())
	}
	if err := f.tests.check(); err != nil {
		return err
	}
	query := find.Query{Tests: f.tests.tests, MaxDepth: -1, Progress: f.env.Progress()}
	if flags.Changed("max-depth") {
		query.MaxDepth = int(min(f.maxDepth, 1<<30))
	}
	for i, name := range find.Ways() {
		if name == f.plan {
			query.Way = find.Way(i)
		}
	}
	switch form := f.env.Output().Form(); {
	case form.Machine():
		query.Want = tree.WantArchive | tree.WantProject
	case form == output.Table:
		query.Want = tree.WantArchive
	}
	if len(operands) == 0 {
		operands = []string{f.where.start()}
	}
	ctx := cmd.Context()
	f.problems = newProblems(ctx, f.env)
	return f.where.browse(ctx, func(t tree.Tree) error {
		if err := f.listing().write(f.env, f.matches(ctx, t, operands, query)); err != nil {
			return err
		}
		return f.problems.failure()
	})
}

// matches returns what is found at all operands.
func (f *findCommand) matches(ctx context.Context, t tree.Tree, operands []string, query find.Query) iter.Seq2[*find.Match, error] {
	return func(yield func(*find.Match, error) bool) {
		left := f.limit
		for _, path := range operands {
			start, err := t.Resolve(ctx, path, false)
			if err != nil {
				if err := f.problems.note(atPath(path, err)); err != nil {
					yield(nil, err)
					return
				}
				continue
			}
			search := find.New(t, start, query)
			stopped := false
			for m, err := range pass(f.problems, search.Matches(ctx)) {
				if stopped = !yield(m, err) || err != nil; stopped {
					break
				}
				if left--; f.limit > 0 && left == 0 {
					stopped = true
					break
				}
			}
			if f.explain {
				f.explainSearch(path, search.Report())
			}
			if stopped {
				return
			}
		}
	}
}

// listing says how files that are found are written.
func (f *findCommand) listing() listing[*find.Match] {
	end := "\n"
	if f.null {
		end = "\x00"
	}
	_, terminal := f.env.Terminal()
	var line []byte
	return listing[*find.Match]{
		columns: []output.Column{
			{Name: "INO", Right: true},
			{Name: "MODE"},
			{Name: "UID", Right: true},
			{Name: "GID", Right: true},
			{Name: "SIZE", Right: true},
			{Name: "ONLINE", Right: true},
			{Name: "OFFLINE", Right: true},
			{Name: "STATE"},
			{Name: "MTIME"},
			{Name: "PATH"},
		},
		text: func(out *output.Writer, _ int, m *find.Match) {
			line = append(line[:0], m.Path...)
			if terminal && !f.null {
				line = append(line[:0], shownName(string(m.Path))...)
			}
			// Its error is that of the writer.
			_, _ = out.Write(append(line, end...))
		},
		row: func(m *find.Match) []string {
			a := &m.Attr
			online, offline := newLsCells(f.env, lsOptions{}).blocks(a)
			return []string{
				strconv.FormatUint(a.Ino, 10), modeText(a.Mode),
				strconv.FormatUint(uint64(a.UID), 10), strconv.FormatUint(uint64(a.GID), 10),
				strconv.FormatUint(a.Size, 10), online, offline,
				a.State().String(), a.Mtime.UTC().Format(time.RFC3339), shownName(string(m.Path)),
			}
		},
		json: func(m *find.Match) any { return fileJSON{path: m.Path, attr: &m.Attr} },
	}
}

// explainSearch says how files were looked for.
func (f *findCommand) explainSearch(path string, r find.Report) {
	var text strings.Builder
	fmt.Fprintf(&text, "plan for %s: %s", shownName(path), r.Way)
	if r.Detail != "" {
		fmt.Fprintf(&text, " (%s)", r.Detail)
	}
	text.WriteString("\n")
	for _, test := range r.Tests {
		fmt.Fprintf(&text, "  test: %s\n", test)
	}
	if r.Indexed > 0 {
		fmt.Fprintf(&text, "  inodes in the index: %d\n", r.Indexed)
	}
	fmt.Fprintf(&text, "  looked at: %d\n  found: %d\n", r.Looked, r.Matches)
	if f.where.offline() {
		fmt.Fprintf(&text, "  metadata blocks: %d read, %d in memory\n", r.Blocks, r.Cached)
	}
	f.env.Remark(text.String(), struct {
		Type    string      `json:"type"`
		Path    output.Name `json:"path"`
		Plan    string      `json:"plan"`
		Detail  string      `json:"detail"`
		Tests   []string    `json:"tests"`
		Indexed uint64      `json:"indexed"`
		Looked  uint64      `json:"looked_at"`
		Found   uint64      `json:"found"`
		Blocks  uint64      `json:"blocks_read"`
		Cached  uint64      `json:"blocks_cached"`
	}{"explain", output.Name(path), r.Way.String(), r.Detail, append([]string{}, r.Tests...), r.Indexed, r.Looked, r.Matches, r.Blocks, r.Cached})
}
