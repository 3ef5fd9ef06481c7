// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/errno"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/convert"
	"scoutfs/engine/device"
	"scoutfs/engine/format"
)

// convertFailure gives upstream's messages to what package convert refuses,
// where upstream refuses it too. purpose completes the sentence about a
// volume in use: "to change the format version".
func convertFailure(err error, purpose string) error {
	var (
		super   *convert.SuperError
		inUse   *convert.InUseError
		used    *convert.DataUsedError
		small   *convert.TooSmallError
		existed *convert.ExistingError
	)
	switch {
	case errors.As(err, &super):
		return cli.Failf(super.Err, "%s\nfailed to read %s super block: %s", superProblem(super.Err), super.Role, errno.Text(super.Err))
	case errors.As(err, &inUse):
		return cli.Failf(err, "%s\nThe filesystem must be fully recovered and cleanly unmounted %s", inUse, purpose)
	case errors.As(err, &used):
		return cli.Failf(err, "Data block allocator metadata shows %s data blocks used by files.  "+
			"They must be removed, truncated, or released before a new empty data device can be used.",
			values.CountSize(used.Blocks, format.SmallBlockSize))
	case errors.As(err, &small):
		return cli.Failf(err, "new data device %s of size %s has %d 4KiB blocks, it needs at least %s blocks.",
			small.Device, values.BaseSize(small.Size), small.Blocks, values.CountSize(small.Needed, format.SmallBlockSize))
	case errors.As(err, &existed):
		return cli.Failf(err, "%s\nuse --force to overwrite it", existing(existed.Device, existed.Found))
	}
	return err
}

// superProblem tells what is wrong with a super block in upstream's words.
func superProblem(err error) string {
	if corrupt, ok := errors.AsType[*format.CorruptError](err); ok {
		place := fmt.Sprintf("read blkno %d", format.SuperBlkno)
		switch corrupt.Field {
		case "crc":
			return fmt.Sprintf("crc of %s failed, stored %s != calculated %s", place, corrupt.Found, corrupt.Expected)
		case "magic", "fsid", "blkno":
			found, _, _ := strings.Cut(corrupt.Found, " ") // after a magic stands its name
			return fmt.Sprintf("%s has bad %s %s != expected %s", place, corrupt.Field, found, corrupt.Expected)
		}
		return corrupt.Error()
	}
	var failed *device.Error
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "incomplete pread"
	case errors.As(err, &failed):
		return fmt.Sprintf("read blkno %d returned -1: %s", format.SuperBlkno, errno.Text(failed.Err))
	}
	return err.Error()
}
