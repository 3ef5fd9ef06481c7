// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine"
	"scoutfs/engine/ioctl"
	"scoutfs/stage"
	"scoutfs/walk/tree"
)

// archiveJob is one run of stage or release.
type archiveJob struct {
	env     *cli.Env
	where   location
	staging bool

	version        uint64
	offset, length uint64
	archiveOffset  uint64
	archiveDir     string
	sum            checksum

	lists, jsonLists []string
	null             bool
	recursive        bool
	anyVersion       bool
	offlineOnly      bool
	dryRun           bool
	jobs             uint64
}

// define adds the options that both commands have.
func (j *archiveJob) define(cmd *cobra.Command) {
	j.jobs = stage.DefaultJobs
	flags := cmd.Flags()
	flags.VarP(values.Uint64(&j.version), "data-version", "V", "files must have this data `VERSION`, that of the archive copy")
	flags.VarP(values.Size(&j.length), "length", "l", "`BYTES` of the range, by default to its end")
	flags.VarP(values.Size(&j.offset), "offset", "o", "first `BYTE` of the range in the file")
	flags.BoolVarP(&j.recursive, "recursive", "r", false, "take directories with all files below")
	flags.StringArrayVar(&j.lists, "from-file", nil, "take the files named in `LIST` too, one a line; - is the standard input")
	flags.BoolVarP(&j.null, "null", "0", false, "names in a LIST end with a NUL character, as find -0 writes them")
	flags.StringArrayVar(&j.jsonLists, "from-json", nil, "take files from `LIST` too, a JSON object a line, as find and changes write them")
	flags.BoolVar(&j.anyVersion, "any-version", false, "take each file with the data version that it has now")
	flags.BoolVarP(&j.dryRun, "dry-run", "n", false, "change nothing, say what would be done")
	flags.VarP(values.Uint64(&j.jobs), "jobs", "j", "work on `N` files at the same time")
	j.where.defineWriting(j.env, cmd)
	reportsList(cmd)
	cli.Extension(cmd, "recursive", "from-file", "null", "from-json", "any-version", "dry-run", "jobs")
	cli.CommandLineOnly(cmd, "data-version", "length", "offset", "recursive", "from-file", "null", "from-json", "any-version", "dry-run")
}

// check refuses options that contradict each other.
func (j *archiveJob) check() error {
	stdin := 0
	for _, name := range append(append([]string{}, j.lists...), j.jsonLists...) {
		if name == "-" {
			stdin++
		}
	}
	switch {
	case j.jobs == 0 || j.jobs > maxJobs:
		return cli.Usagef("--jobs must be from 1 to %d", maxJobs)
	case stdin > 1:
		return cli.Usagef("the standard input can be one list only")
	case j.null && len(j.lists) == 0:
		return cli.Usagef("--null needs --from-file")
	case j.anyVersion && j.version != 0:
		return cli.Usagef("--any-version and --data-version exclude each other")
	}
	return nil
}

// many reports whether the command was asked in a way that upstream's does not
// know.
func (j *archiveJob) many(operands int) bool {
	upstream := 1
	if j.staging {
		upstream = 2
	}
	return j.recursive || len(j.lists)+len(j.jsonLists) > 0 || operands != upstream || j.archiveDir != ""
}

// run works on files. Those that below returns are in the directories that
// the command line has.
func (j *archiveJob) run(ctx context.Context, many bool, files func(tree.Tree) iter.Seq2[stage.File, error]) error {
	return j.where.askFiles(ctx, func(open opener) error {
		opts := stage.Options{
			Jobs:        int(j.jobs),
			AnyVersion:  j.anyVersion,
			NeededOnly:  many || j.offlineOnly,
			WholeSource: !many,
			DryRun:      j.dryRun,
			Progress:    j.env.Progress(),
		}
		inside, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		printer := newArchivePrinter(j, many)
		opts.Tell = func(r *stage.Result) {
			if err := printer.result(r); err != nil {
				stop(err)
			}
		}
		work := stage.Release
		if j.staging {
			work = stage.Stage
		}
		summary, err := work(inside, open, files(treeOf(open)), opts)
		if lost := printer.end(&summary, err == nil); err == nil {
			err = lost
		}
		if lost := j.env.Output().Flush(); err == nil {
			err = lost
		}
		return j.outcome(printer, &summary, err, many)
	})
}

// treeOf is where to look for files that open opens.
func treeOf(open opener) tree.Tree {
	if target, ok := open.(*engine.Target); ok {
		return tree.OnDevices(target.Volume())
	}
	return tree.OnMount()
}

// outcome is what the command ends with.
func (j *archiveJob) outcome(p archivePrinter, s *stage.Summary, err error, many bool) error {
	switch {
	case err != nil && many:
		if _, interrupted := errors.AsType[*cli.Interrupted](err); interrupted {
			j.env.Warnf("to go on, run the same command again")
		}
		return err
	case err != nil:
		return err
	case s.Failed == 0:
		return nil
	case !many:
		return j.failure(p.first())
	}
	verb := "released"
	if j.staging {
		verb = "staged"
	}
	return cli.Failf(p.first().Err, "not %s: %s", verb, countOf(s.Failed, "file", "files"))
}

// failure gives upstream's messages to what went wrong with one file.
func (j *archiveJob) failure(r *stage.Result) error {
	if opening, ok := errors.AsType[*os.PathError](r.Err); ok {
		return pathFailure(r.Err, opening.Path)
	}
	if version, ok := errors.AsType[*stage.VersionError](r.Err); ok {
		return cli.Failf(r.Err, "%s\n%s", j.upstreamFailure(r), version)
	}
	if request, ok := errors.AsType[*ioctl.Error](r.Err); ok {
		text := j.upstreamFailure(r)
		if request.Detail != "" {
			text += ": " + request.Detail
		}
		if help := explain(request); help != "" {
			text += "\n" + help
		} else if help := j.advice(request.Errno, r); help != "" {
			text += "\n" + help
		}
		return cli.Failf(r.Err, "%s", text)
	}
	return r.Err
}

func (j *archiveJob) upstreamFailure(r *stage.Result) string {
	if j.staging {
		return fmt.Sprintf("stage returned -1, not %d: error %s", r.Length-r.Bytes, errno.Text(r.Err))
	}
	return "release ioctl failed: " + errno.Text(r.Err)
}

// belowOperands returns the files at the operands and below them, and those in
// lists.
func (j *archiveJob) belowOperands(ctx context.Context, t tree.Tree, operands []string) iter.Seq2[stage.File, error] {
	var all []iter.Seq2[stage.File, error]
	for _, path := range operands {
		all = append(all, j.operand(ctx, t, path, j.copyOf(path)))
	}
	for _, name := range j.lists {
		all = append(all, j.listed(name, false))
	}
	for _, name := range j.jsonLists {
		all = append(all, j.listed(name, true))
	}
	return concat(all...)
}

// operand is a file, or with --recursive what is below a directory.
func (j *archiveJob) operand(ctx context.Context, t tree.Tree, path, source string) iter.Seq2[stage.File, error] {
	return func(yield func(stage.File, error) bool) {
		if !j.recursive {
			yield(j.complete(stage.File{Path: path, Source: source}), nil)
			return
		}
		for f, err := range stage.Below(ctx, t, path, source) {
			if !yield(j.complete(f), err) {
				return
			}
		}
	}
}

// concat yields one sequence after the other.
func concat[T any](parts ...iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, part := range parts {
			for v, err := range part {
				if !yield(v, err) {
					return
				}
			}
		}
	}
}

// copyOf is where the archive copy of an operand is.
func (j *archiveJob) copyOf(path string) string {
	if j.archiveDir == "" {
		return ""
	}
	return filepath.Join(j.archiveDir, path)
}
