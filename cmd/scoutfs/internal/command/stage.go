// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"context"
	"iter"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/stage"
	"scoutfs/walk/tree"
)

func newStage(env *cli.Env) *cobra.Command {
	j := &archiveJob{env: env, staging: true}
	cmd := &cobra.Command{
		Use:     "stage ARCHIVE-FILE STAGE-FILE",
		GroupID: cli.GroupAgent,
		Short:   "Write archive file contents to an offline file",
		Long: `Writes the content of an archive copy back to a file whose data was released.
Times, size and data version of the file do not change, and it is left alone
unless it has the data version that was archived.

ARCHIVE-FILE is read from its start, or from --archive-offset on, and may be a
pipe or a device too. --offset and --length are the range of STAGE-FILE; by
default the length is that of the archive file.

With --recursive both are directories, and every file below STAGE-FILE has its
copy at the same place below ARCHIVE-FILE. With --archive-dir all operands and
the names in lists are files to stage, and their copies have the same path
below that folder. In --from-json objects have path, and perhaps archive,
archive_offset, data_version, offset, length and checksum. In these forms only
what is offline is staged, up to the end of the file, so a command that was
stopped goes on where it was; --any-version takes the version that a file has.

With --checksum the copy is read and compared before anything is staged.

With --meta-device files to stage are paths inside the volume. Without it they
are paths on this machine, as archive files always are.

In JSON there is an object for each file, with type staged, skipped or failed,
or would-be-staged in a dry run, path, data_version, offset, length, bytes, and
reason or message, errno and errno_name. The last one has the type end with
complete, false if not all files had their turn, files, bytes, skipped and
failed.`,
		Example: `  scoutfs stage -V 3 /archive/1234 /mnt/archive/file
  scoutfs stage -V 3 --archive-offset 1M -o 0 -l 64K --checksum sha256:9f86d0... /archive/tape /mnt/archive/file
  scoutfs stage -r --any-version /archive/dir /mnt/archive/dir
  scoutfs stage --from-json recalls.jsonl --archive-dir /archive --output jsonl`,
		RunE: func(cmd *cobra.Command, operands []string) error { return j.stage(cmd.Context(), operands) },
	}
	j.define(cmd)
	flags := cmd.Flags()
	flags.Var(values.Size(&j.archiveOffset), "archive-offset", "first `BYTE` of the range in the archive file")
	flags.StringVar(&j.archiveDir, "archive-dir", "", "archive copies are in `FOLDER`, by the paths of the files")
	flags.Var(&j.sum, "checksum", "stage only if the bytes of the archive file have this `ALGORITHM:HEX`: md5, sha1, sha256, sha512")
	flags.BoolVar(&j.offlineOnly, "offline-only", false, "stage only parts that are offline, as is always done for many files")
	cli.Extension(cmd, "archive-offset", "archive-dir", "checksum", "offline-only")
	cli.CommandLineOnly(cmd, "archive-offset", "archive-dir", "checksum", "offline-only")
	return cmd
}

func (j *archiveJob) stage(ctx context.Context, operands []string) error {
	if err := j.check(); err != nil {
		return err
	}
	lists := len(j.lists)+len(j.jsonLists) > 0
	pair := j.archiveDir == "" && (!lists || len(operands) > 0)
	switch {
	case pair && len(operands) == 0:
		return cli.Usagef("must provide archive file path")
	case pair && len(operands) == 1:
		return cli.Usagef("must provide to-be-staged file path")
	case pair && len(operands) > 2:
		return cli.Usagef("more than two arguments given; --archive-dir stages many files")
	case !pair && len(operands) == 0 && !lists:
		return cli.Usagef("no files given")
	case len(j.lists) > 0 && j.archiveDir == "":
		return cli.Usagef("--from-file needs --archive-dir")
	case j.version == 0 && !j.anyVersion && (len(operands) > 0 || len(j.lists) > 0):
		return cli.Usagef("must provide file version with --data-version")
	case j.sum.Algorithm != "" && (!pair || j.recursive || lists):
		return cli.Usagef("--checksum is of one file; objects of --from-json have their own")
	}
	many := j.many(len(operands))
	return j.run(ctx, many, func(t tree.Tree) iter.Seq2[stage.File, error] {
		if !pair {
			return j.belowOperands(ctx, t, operands)
		}
		return concat(j.summed(j.operand(ctx, t, operands[1], operands[0])), j.belowOperands(ctx, t, nil))
	})
}

// summed gives the one file that is to be staged its checksum.
func (j *archiveJob) summed(files iter.Seq2[stage.File, error]) iter.Seq2[stage.File, error] {
	if j.sum.Algorithm == "" {
		return files
	}
	return func(yield func(stage.File, error) bool) {
		for f, err := range files {
			f.Checksum = (*stage.Checksum)(&j.sum)
			if !yield(f, err) {
				return
			}
		}
	}
}
