// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/walk/extract"
	"scoutfs/walk/tree"
)

// statusIncomplete is the exit status of extract if nothing failed, but files
// were written with holes where their data is offline.
const statusIncomplete = 2

// maxJobs bounds --jobs: each job takes a few file descriptors and some
// memory.
const maxJobs = 256

// extractCommand is one run of extract.
type extractCommand struct {
	env     *cli.Env
	where   location
	options extract.Options
	jobs    uint64
	printer extractPrinter
	first   error // of what was not extracted
}

func newExtract(env *cli.Env) *cobra.Command {
	x := &extractCommand{env: env, jobs: extract.DefaultJobs}
	cmd := &cobra.Command{
		Use:     "extract PATH... FOLDER",
		GroupID: cli.GroupFiles,
		Short:   "Copy files out of a volume, also one that cannot be mounted",
		Long: `Copies what is at each PATH and below to the same path below FOLDER, with
holes, hard links, owners, permissions, ACLs, extended attributes and times,
as far as FOLDER's file system keeps them. With --meta-device, PATH is inside
the volume, and --data-device is needed too; otherwise it is a path on this
machine.

A file has its name in FOLDER only when it is whole. An extraction that was
stopped, by whatever, goes on when the same command is run again, and ends
with the same files; what it keeps meanwhile is in FOLDER/.scoutfs-extract.
Files that are there already with the same size and time of last change are
taken as complete. Other files that are in the way are not touched without
--overwrite, and nothing is ever written outside of FOLDER.

Data that is offline is in the archive only. Files are listed with the ranges
that are, and written with holes there, or left out with --skip-offline. A
file with such holes counts as complete: to have it again once it is staged,
remove it from FOLDER. What cannot be read is told, and everything else is
extracted. The exit status is 1 if something was not extracted, and 2 if only
offline data is missing.

In JSON there is an object for each file with something to tell, with type,
path and ino: offline has size, online_bytes, offline_bytes, skipped, and
ranges with offset and length, 1000 at most; failed has a message; not-kept
has what the first such file lost and a message. The last one has the type end
with complete, false if the extraction was stopped, and what was counted.`,
		Example: `  scoutfs extract --meta-device /dev/meta --data-device /dev/data / /recovered
  scoutfs extract --skip-offline --meta-device /dev/meta --data-device /dev/data /home/a /home/b /recovered`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case len(operands) == 0:
				return cli.Usagef("missing operand")
			case len(operands) == 1:
				return cli.Usagef("missing folder to extract '%s' to", operands[0])
			case x.where.offline() && x.where.dataDevice == "":
				return cli.Usagef("file data needs --data-device")
			case x.jobs == 0 || x.jobs > maxJobs:
				return cli.Usagef("--jobs must be from 1 to %d", maxJobs)
			}
			last := len(operands) - 1
			return x.run(cmd.Context(), operands[:last], operands[last])
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&x.options.Overwrite, "overwrite", false, "replace files that differ, and change directories that were there")
	flags.BoolVar(&x.options.SkipOffline, "skip-offline", false, "leave out files that are offline, even in part")
	flags.VarP(values.Uint64(&x.jobs), "jobs", "j", "extract `N` files at the same time")
	flags.BoolVar(&x.options.NoSync, "no-sync", false, "do not wait for the disk; after a power failure, files may look complete and not be")
	x.where.defineDevices(cmd)
	reportsList(cmd)
	cli.CommandLineOnly(cmd, "overwrite", "skip-offline", "no-sync")
	return cmd
}

func (x *extractCommand) run(parent context.Context, paths []string, folder string) error {
	ctx, stop := context.WithCancelCause(parent)
	defer stop(nil)
	return x.where.browse(ctx, func(t tree.Tree) error {
		paths, err := x.prepare(ctx, t, paths)
		if err != nil {
			return err
		}
		x.printer = newExtractPrinter(x.env)
		x.options.Tell = func(ev extract.Event) {
			if ev.Kind == extract.Failed && x.first == nil {
				x.first = ev.Err
			}
			if err := x.printer.event(&ev); err != nil {
				stop(err)
			}
		}
		result, err := extract.Run(ctx, t, paths, folder, x.options)
		if err == nil || result.Directories > 0 {
			if lost := x.printer.end(&result, err == nil); lost != nil {
				return lost
			}
		}
		// The status below must not hide that the list was lost.
		if lost := x.env.Output().Flush(); lost != nil {
			return lost
		}
		return x.outcome(&result, err)
	})
}

// prepare completes the options, and makes paths absolute.
func (x *extractCommand) prepare(ctx context.Context, t tree.Tree, paths []string) ([]string, error) {
	x.options.Jobs = int(x.jobs)
	x.options.Progress = x.env.Progress()
	if devices, ok := t.(*tree.Devices); ok {
		f, err := devices.FS(ctx)
		if err != nil {
			return nil, err
		}
		x.options.Identity = fixedHex(f.Super().Hdr.FSID.Get())
		return paths, nil
	}
	x.options.Identity = "mounts"
	absolute := make([]string, len(paths))
	for i, path := range paths {
		var err error
		if absolute[i], err = filepath.Abs(path); err != nil {
			return nil, err
		}
	}
	return absolute, nil
}

// outcome is what the command ends with.
func (x *extractCommand) outcome(r *extract.Result, err error) error {
	switch _, interrupted := errors.AsType[*cli.Interrupted](err); {
	case interrupted:
		x.env.Warnf("to go on, run the same command again")
		return err
	case err != nil:
		return cli.Failf(err, "%s", problemText(err))
	case r.Failed > 0:
		return cli.Failf(x.first, "not extracted: %s", countOf(r.Failed, "file", "files"))
	case r.Offline+r.Partial > r.OfflineSkipped:
		return cli.WithStatus(statusIncomplete, nil)
	}
	return nil
}
