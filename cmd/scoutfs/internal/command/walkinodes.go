// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"math"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/output"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/engine/ioctl"
	"scoutfs/walk"
)

func newWalkInodes(env *cli.Env) *cobra.Command {
	var where location
	cmd := &cobra.Command{
		Use:     "walk-inodes meta_seq|data_seq FIRST LAST",
		GroupID: cli.GroupSearch,
		Short:   "Print range of indexed inodes",
		Long: `Prints the entries of an inode index from FIRST to LAST, both included.
meta_seq has every inode at the sequence number of its last change, data_seq
every regular file at that of its last change of data.

A position is MAJOR[.MINOR[.INO]]: the sequence number, 0, and an inode number.
Missing parts are 0, also in LAST, which therefore leaves out the inodes of
sequence number MAJOR itself. -1 is the greatest position; write it after --.`,
		Example: `  scoutfs walk-inodes -p /mnt/archive -- meta_seq 0 -1
  scoutfs walk-inodes --meta-device /dev/meta --output jsonl -- data_seq 17 -1`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			q, err := parseWalk(operands)
			if err != nil {
				return err
			}
			ctx := cmd.Context()
			return where.ask(ctx, func(t ioctl.Target) error {
				return ioctlFailure(walkListing().write(env, walk.Inodes(ctx, t, q.Index, q.First, q.Last)), "walk_inodes ioctl failed")
			})
		},
	}
	where.define(cmd)
	reportsList(cmd)
	return cmd
}

func parseWalk(operands []string) (ioctl.WalkInodes, error) {
	var q ioctl.WalkInodes
	switch len(operands) {
	case 0:
		return q, cli.Usagef("no index given")
	case 1:
		return q, cli.Usagef("no first entry given")
	case 2:
		return q, cli.Usagef("no last entry given")
	case 3:
	default:
		return q, cli.Usagef("more than three arguments given")
	}
	switch strings.ToLower(operands[0]) {
	case "meta_seq":
		q.Index = ioctl.IndexMetaSeq
	case "data_seq":
		q.Index = ioctl.IndexDataSeq
	default:
		return q, cli.Failf(syscall.EINVAL, "unknown index '%s', try 'meta_seq' or 'data_seq'", operands[0])
	}
	var bad string
	if q.First, bad = parseWalkPosition(operands[1]); bad != "" {
		return q, cli.Failf(syscall.EINVAL, "bad index pos at %s\ninvalid first position '%s', try '1.2.3' or '-1'", bad, operands[1])
	}
	if q.Last, bad = parseWalkPosition(operands[2]); bad != "" {
		return q, cli.Failf(syscall.EINVAL, "bad index pos at %s\ninvalid last position '%s', try '1.2.3' or '-1'", bad, operands[2])
	}
	return q, nil
}

// parseWalkPosition reads MAJOR[.MINOR[.INO]], and returns in quotes what of
// it is wrong. An empty position is 0, as any empty number is.
func parseWalkPosition(text string) (e ioctl.InodeEntry, bad string) {
	var numbers [3]uint64
	parts := strings.Split(text, ".")
	for i, part := range parts {
		if i == len(numbers) || part == "" && len(parts) > 1 {
			return e, "'" + part + "'"
		}
		v, err := values.ParseUint64(part)
		if err != nil || i == 1 && v > math.MaxUint32 && v != math.MaxUint64 {
			return e, "'" + part + "'"
		}
		numbers[i] = v
	}
	return ioctl.InodeEntry{Major: numbers[0], Minor: uint32(numbers[1]), Ino: numbers[2]}, ""
}

func walkListing() listing[ioctl.InodeEntry] {
	return listing[ioctl.InodeEntry]{
		columns: []output.Column{
			{Name: "MAJOR", Right: true}, {Name: "MINOR", Right: true}, {Name: "INO", Right: true},
		},
		text: func(out *output.Writer, i int, e ioctl.InodeEntry) {
			if i%25 == 0 {
				out.Printf("%-20s %-20s %-10s %-20s\n", "#", "major", "minor", "ino")
			}
			out.Printf("%-20d %-20d %-10d %-20d\n", i, e.Major, e.Minor, e.Ino)
		},
		row: func(e ioctl.InodeEntry) []string {
			return []string{
				strconv.FormatUint(e.Major, 10),
				strconv.FormatUint(uint64(e.Minor), 10),
				strconv.FormatUint(e.Ino, 10),
			}
		},
		json: func(e ioctl.InodeEntry) any { return walkEntry(e) },
	}
}

// walkEntry is an entry of an inode index in JSON.
type walkEntry ioctl.InodeEntry

// AppendJSON implements output.Appender.
func (e walkEntry) AppendJSON(b []byte) ([]byte, error) {
	b = strconv.AppendUint(append(b, `{"major":`...), e.Major, 10)
	b = strconv.AppendUint(append(b, `,"minor":`...), uint64(e.Minor), 10)
	b = strconv.AppendUint(append(b, `,"ino":`...), e.Ino, 10)
	return append(b, '}'), nil
}
