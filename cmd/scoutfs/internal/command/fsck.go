// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/fsck"
)

// Exit statuses of fsck(8). They are bits; 1 and 2 are for repairs.
const (
	fsckUncorrected = 4
	fsckOperational = 8
	fsckUsage       = 16
	fsckCancelled   = 32
)

// fsckOptions are the options of fsck that are not the library's.
type fsckOptions struct {
	fsck.Options
	dataDevice string
	memory     uint64
	progressFD uint64
	verbose    bool
	timing     bool
	version    bool

	// What fsck(8) and administrators say to any checker.
	checkOnly, force, auto, preen, yes, interactive bool
}

func newFsck(env *cli.Env) *cobra.Command {
	o := fsckOptions{memory: fsck.DefaultMemory}
	cmd := &cobra.Command{
		Use:     "fsck META-DEVICE [DATA-DEVICE]",
		GroupID: cli.GroupCore,
		Short:   "Check a volume: account for every block and every item",
		Long: `Checks a whole volume: supers and quorum blocks, every metadata block, who
owns each block of both devices, and what all inodes, names, attributes,
extents and indexes say about each other. It says what is wrong, where, and
what that means. It only reads: there is no repair yet. What it can find is in
scoutfs-fsck(7).

Each kind of problem has a number and a name that never change. Errors mean
that names or contents are lost or wrong, or can get so when the volume is
used; warnings cost space or precision only; after a fatal problem nothing
more can be checked. Notes are no problems: mounts that crashed, merges that
have not ended, and what upstream is known to leave behind.

Without the data device, metadata is checked and what the data device holds is
not. fsck(8) names one device only: the other one can be given as data-device
in the section fsck of the configuration, or in SCOUTFS_FSCK_DATA_DEVICE.

A device that is mounted on this machine, or claimed by a writer, is refused.
With --live it is read all the same: what looks wrong because it is being
written is found out by reading again, and only what was found twice is
reported. It is an error if the volume is written faster than it can be read,
and without --live if it is written at all.

The exit status is 0 if nothing is wrong, or the sum of

  4   errors or warnings were found
  8   the check could not be made, or not to its end
  16  the command line is wrong
  32  the check was interrupted

The JSON forms are described in docs/fsck.md.`,
		Example: `  scoutfs fsck /dev/meta /dev/data
  scoutfs fsck --read-data --output jsonl meta.img data.img
  fsck.scoutfs -C 3 /dev/meta`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if o.version {
				return showVersion(env)
			}
			run := fsckRun{env: env, options: &o, withPasses: cmd.Flags().Changed("progress-fd") && o.progressFD != 0}
			return run.run(cmd.Context(), operands)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&o.dataDevice, dataDeviceFlag, "", "the volume's data device is `DATA-DEVICE`, if no operand says so")
	flags.BoolVar(&o.Live, liveFlag, false, "check a volume that is in use")
	flags.BoolVar(&o.ReadData, "read-data", false, "read every block that a file has written, too")
	flags.BoolVarP(&o.verbose, "verbose", "v", false, "show all cases of a problem (10,000 or so), with all that is known of their places")
	flags.BoolVarP(&o.timing, "timing", "t", false, "show how long each part of the check took")
	flags.Var(values.Size(&o.memory), "memory", "use `SIZE` of memory for blocks, sums and sorting, 64M at least; by default 1G")
	flags.StringVar(&o.TempDir, "tmpdir", "", "put what does not fit into memory into `FOLDER`, in place of the system's")
	flags.VarP(values.Uint64(&o.progressFD), "progress-fd", "C", "write progress to the file descriptor `FD`, as e2fsck(8) does; nothing if it is 0")
	flags.BoolVarP(&o.checkOnly, "check-only", "n", false, "only check")
	flags.BoolVarP(&o.auto, "auto", "a", false, "as -p")
	flags.BoolVarP(&o.preen, "preen", "p", false, "repair what can be repaired safely; there is no repair yet, so only check")
	flags.BoolVarP(&o.yes, "yes", "y", false, "repair everything; there is no repair yet, so only check")
	flags.BoolVarP(&o.interactive, "interactive", "r", false, "ask before each repair; there is no repair yet, so only check")
	flags.BoolVarP(&o.force, "force", "f", false, "check whatever state the volume is in, which is always done")
	flags.BoolVarP(&o.version, "show-version", "V", false, "show the version of the program, and do nothing else")
	cli.Reports(cmd, output.JSON, output.JSONL)
	cli.CalledAs(cmd, "fsck.scoutfs", "fsck.scoutfs_meta")
	cli.UsageStatus(cmd, fsckUsage)
	return cmd
}
