// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"iter"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/stage"
	"scoutfs/walk/tree"
)

func newRelease(env *cli.Env) *cobra.Command {
	j := &archiveJob{env: env}
	cmd := &cobra.Command{
		Use:     "release FILE...",
		GroupID: cli.GroupAgent,
		Short:   "Release (truncate) online data associated with file, leaving offline",
		Long: `Frees the data of files, which the archive has, and leaves it offline: readers
wait until it is staged. Holes stay holes. Offset and length are multiples of
4096; by default all of a file is released. A file is left alone unless it has
the data version that was archived, so that no change of it is lost.

Of several files, and with --recursive or a list, those without online data are
passed over. The data version then comes from --data-version, or from an object
of --from-json, which has path and perhaps data_version, offset and length.
--any-version takes the version that a file has at that moment: only use it
when nobody can have written to the files since they were archived.

With --meta-device files are paths inside the volume. Without it they are paths
on this machine.

In JSON there is an object for each file, with type released, skipped or
failed, or would-be-released in a dry run, path, data_version, offset, length,
bytes, and reason or message, errno and errno_name. The last one has the type
end with complete, false if not all files had their turn, files, bytes, skipped
and failed.`,
		Example: `  scoutfs release -V 3 /mnt/archive/file
  scoutfs find /mnt/archive --mtime +30 --state online --output jsonl | scoutfs release --from-json -
  scoutfs release -r --any-version --jobs 16 --meta-device /dev/meta --data-device /dev/data /dir`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if err := j.check(); err != nil {
				return err
			}
			switch {
			case len(operands) == 0 && len(j.lists)+len(j.jsonLists) == 0:
				return cli.Usagef("must provide file path")
			case j.version == 0 && !j.anyVersion && (len(operands) > 0 || len(j.lists) > 0):
				return cli.Usagef("must provide file version --data-version")
			}
			ctx := cmd.Context()
			return j.run(ctx, j.many(len(operands)), func(t tree.Tree) iter.Seq2[stage.File, error] {
				return j.belowOperands(ctx, t, operands)
			})
		},
	}
	j.define(cmd)
	return cmd
}
