// SPDX-License-Identifier: GPL-2.0-or-later

// Package command holds the commands of the program, each in a file of its
// own with its test beside it. A command translates: options into the options
// of a library, the library's result into output, its errors into messages.
//
// A command is a cli.Constructor with this shape:
//
//	func newStat(env *cli.Env) *cobra.Command {
//		var field string
//		cmd := &cobra.Command{
//			Use:     "stat FILE",
//			GroupID: cli.GroupInfo,
//			Short:   "one line for lists, no full stop",
//			Long:    "what it does, for --help and the manual page",
//			Example: "  scoutfs stat -s data_version file",
//			RunE: func(cmd *cobra.Command, operands []string) error {
//				if len(operands) == 0 {
//					return cli.Usagef("missing operand")
//				}
//				// call the library with cmd.Context(), env.Progress(), env.Log()
//				// write with env.Output()
//				return nil
//			},
//		}
//		flags := cmd.Flags()
//		flags.StringVarP(&field, "single-field", "s", "", "print only the value of `FIELD`")
//		flags.VarP(values.Size(&size), "length", "l", "`SIZE` of the part")
//		cli.Reports(cmd, output.JSON)         // forms besides text
//		cli.Extension(cmd, "archive-offset")  // options that upstream's command does not have
//		cli.CommandLineOnly(cmd, "offline")   // options that no configuration may set
//		cli.CalledAs(cmd, "mkfs.scoutfs")     // names of the program that stand for the command
//		return cmd
//	}
//
// The name of every option's value stands in backquotes in its text. After a
// change of any of this, renew the manual page:
//
//	go test ./cmd/scoutfs -run TestManual -update
//
// Options are defined in upstream's order, which messages about ambiguous
// short forms show. Package values has the kinds of values, and what upstream
// says about wrong ones. A command checks its operands and which options go
// together itself, in upstream's order.
//
// Errors: cli.Usagef for a wrong command line (exit status 64), cli.Failf for
// an upstream message about an error, any other error as it is (both 1), and
// cli.WithStatus and cli.UsageStatus for other exit statuses. What is only worth
// knowing goes to env.Warnf.
//
// A test runs the whole program in its own process: see package clitest.
package command

import "scoutfs/cmd/scoutfs/internal/cli"

// All returns the commands in the order in which they are listed: upstream's
// groups in upstream's order, and in each group upstream's commands first.
func All() []cli.Constructor {
	return []cli.Constructor{
		newChangeFormatVersion,
		newChangeQuorumConfig,
		newDf,
		newFsck,
		newMerge,
		newRecover,
		newMkfs,
		newPrepareEmptyDataDevice,
		newQuotaAdd,
		newQuotaDel,
		newQuotaList,
		newQuotaWipe,
		newQuotaRestore,
		newResizeDevices,
		newCounters,
		newListHiddenXattrs,
		newReadXattrIndex,
		newReadXattrTotals,
		newSearchXattrs,
		newStat,
		newStatfs,
		newStatus,
		newGetReferringEntries,
		newInoPath,
		newWalkInodes,
		newGetAttrX,
		newSetAttrX,
		newMoveBlocks,
		newPunchOffline,
		newSetattr,
		newStage,
		newRelease,
		newDataWaiting,
		newDataWaitErr,
		newGetFiemap,
		newChanges,
		newGetAllocatedInos,
		newPrint,
		newDebug,
		newLs,
		newCat,
		newFind,
		newDu,
		newExtract,
		newCp,
		newMkdir,
		newRm,
		newMv,
		newLn,
		newChmod,
		newChown,
		newXattr,
		newTouch,
		newTruncate,
		newFallocate,
		newConfig,
		newCompletion,
		newHelp,
		newVersion,
	}
}
