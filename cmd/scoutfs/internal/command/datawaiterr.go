// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/ioctl"
)

// maxErrno is the largest number that a call returns as an error
// (include/linux/err.h: MAX_ERRNO).
const maxErrno = 4095

func newDataWaitErr(env *cli.Env) *cobra.Command {
	where := location{}
	var (
		q  ioctl.DataWaitErr
		op string
	)
	cmd := &cobra.Command{
		Use:     "data-wait-err",
		GroupID: cli.GroupAgent,
		Short:   "Return error from data waiters",
		Long: `Fails the tasks of this mount that wait for offline blocks of a file, for
instance because the archive cannot be read. Only a mount has waiting tasks.`,
		Example: `  scoutfs data-wait-err -p /mnt/archive -I 1024 -V 3 -F 0 -C 4096 -O read -E -5`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			env.IgnoreOperands(operands)
			for _, required := range []struct{ flag, message string }{
				{"inode", "no inode given"},
				{"version", "no version given"},
				{"offset", "no offset given"},
				{"count", "no count given"},
				{"op", "no operation given"},
				{"err", "no error given"},
			} {
				if !cmd.Flags().Changed(required.flag) {
					return cli.Usagef("%s", required.message)
				}
			}
			if q.Err >= 0 || q.Err < -maxErrno {
				return cli.Usagef("errno out of range")
			}
			for _, known := range []ioctl.DataOps{ioctl.WaitRead, ioctl.WaitWrite, ioctl.WaitChangeSize} {
				if op == known.String() {
					q.Ops = known
				}
			}
			if q.Ops == 0 {
				return cli.Usagef("invalid data wait op: '%s'", op)
			}
			ctx := cmd.Context()
			return where.ask(ctx, func(t ioctl.Target) error {
				found, err := t.DataWaitErr(ctx, q)
				if err != nil {
					return dataWaitFailure(err)
				}
				return reportWaiters(env, found)
			})
		},
	}
	flags := cmd.Flags()
	flags.VarP(values.Uint64(&q.Count), "count", "C", "fail who waits for one of these `BYTES`; required")
	flags.VarP(values.Int64(&q.Err), "err", "E", "their calls fail with this negative `ERRNO`; required")
	flags.VarP(values.Size(&q.Offset), "offset", "F", "from this `BYTE` on; required")
	flags.VarP(values.Uint64(&q.Ino), "inode", "I", "of the file with this `INODE` number; required")
	flags.StringVarP(&op, "op", "O", "", "fail this `OPERATION`: read, write, change_size; required")
	flags.VarP(values.Uint64(&q.DataVersion), "version", "V", "data `VERSION` of the file, which current kernels ignore; required")
	where.definePath(cmd)
	cli.Reports(cmd, output.JSON, output.JSONL)
	return cmd
}

func dataWaitFailure(err error) error {
	var request *ioctl.Error
	if !errors.As(err, &request) {
		return err
	}
	text := "data_wait_err returned -1: error " + errno.Text(request.Errno)
	if request.Errno == syscall.ESTALE {
		text += "\nno task of this mount uses the inode"
	}
	if help := explain(request); help != "" {
		text += "\n" + help
	}
	return cli.Failf(syscall.EIO, "%s", text)
}

func reportWaiters(env *cli.Env, found int) error {
	out := env.Output()
	if out.Form().Machine() {
		return out.Object(struct {
			Waiters int `json:"waiters"`
		}{found})
	}
	out.Printf("data_wait_err found %d waiters.\n", found)
	return out.Err()
}
