// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/engine"
)

// mergeJSON is what a merge did.
type mergeJSON struct {
	LogTrees       int    `json:"log_trees"`       // before; none are left
	DeletedOrphans uint64 `json:"deleted_orphans"` // inodes
}

func newMerge(env *cli.Env) *cobra.Command {
	where := location{}
	cmd := &cobra.Command{
		Use:     "merge META-DEVICE DATA-DEVICE",
		GroupID: cli.GroupCore,
		Short:   "Fold the log trees of an unmounted volume into its file system tree",
		Long: `Folds all log trees into the tree of the file system, finishes a merge that was
begun by a mount, compacts search files, and deletes files without names that
mounts left. Each command that changes an unmounted volume adds a log tree;
mounts and merge fold them. What files there are does not change.

When it is stopped, what was done up to then stays; run it again to go on.`,
		Example: `  scoutfs merge /dev/meta /dev/data`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if err := twoDevices(operands); err != nil {
				return err
			}
			where.metaDevice, where.dataDevice = operands[0], operands[1]
			return where.merge(cmd.Context(), env)
		},
	}
	where.env, where.write = env, true
	cmd.Flags().BoolVar(&where.recover, recoverFlag, false, "first clean up after mounts that died, as the recover command does")
	cli.CommandLineOnly(cmd, recoverFlag)
	cli.Reports(cmd, output.JSON, output.JSONL)
	return cmd
}

// twoDevices checks operands that are to be the two devices.
func twoDevices(operands []string) error {
	switch len(operands) {
	case 0:
		return cli.Usagef("no metadata device argument given")
	case 1:
		return cli.Usagef("no data device argument given")
	case 2:
		return nil
	}
	return cli.Usagef("more than two arguments given")
}

func (l *location) merge(ctx context.Context, env *cli.Env) (err error) {
	volume, err := l.openVolume(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, volume.Close()) }()
	done, err := mergeVolume(ctx, env, volume)
	if err != nil {
		return err
	}
	out := env.Output()
	if out.Form().Machine() {
		return out.Object(done)
	}
	out.Printf("Merged %s", countOf(uint64(done.LogTrees), "log tree", "log trees"))
	if done.DeletedOrphans > 0 {
		out.Printf(", deleted %s without a name", countOf(done.DeletedOrphans, "file", "files"))
	}
	out.Printf(".\n")
	return out.Err()
}

func mergeVolume(ctx context.Context, env *cli.Env, volume *engine.Volume) (done mergeJSON, err error) {
	before, err := volume.FS(ctx)
	if err != nil {
		return done, err
	}
	done.LogTrees = len(before.Snapshot().LogTrees)
	if done.DeletedOrphans, err = volume.Writer().DeleteOrphans(ctx); err != nil {
		return done, err
	}
	return done, volume.Merge(ctx, env.Progress())
}
