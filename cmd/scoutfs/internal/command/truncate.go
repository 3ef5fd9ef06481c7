// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/edit"
	"scoutfs/walk/tree"
)

type truncateCommand struct {
	fileChange
	size     string
	noCreate bool

	operator byte // 0, or one of + - < > / %
	amount   uint64
}

func newTruncate(env *cli.Env) *cobra.Command {
	t := &truncateCommand{fileChange: fileChange{env: env}}
	cmd := &cobra.Command{
		Use:   "truncate -s SIZE FILE...",
		Short: "Set the size of files, in a volume on its devices too",
		Long: `Makes files shorter or longer; what is added is a hole. Files that are not
there are made. SIZE may be +N or -N for more and less than now, <N for at
most, >N for at least, /N and %N to round down and up to a multiple. A file is
only cut inside of a block, or made longer, while all that it keeps is online.

With --meta-device paths are inside the volume; otherwise they are paths on
this machine.`,
		Example: `  scoutfs truncate -s 0 --meta-device /dev/meta --data-device /dev/data /log`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			switch {
			case t.size == "":
				return cli.Usagef("you must specify '--size'")
			case len(operands) == 0:
				return cli.Usagef("missing file operand")
			}
			if err := t.parse(); err != nil {
				return cli.Usagef("%s", err)
			}
			return t.run(cmd.Context(), func() error { return t.each(operands, "truncate", t.truncate) })
		},
	}
	cmd.Flags().StringVarP(&t.size, "size", "s", "", "set or change the size by `SIZE` bytes; K, M, G, T, P are powers of 1024")
	cmd.Flags().BoolVarP(&t.noCreate, "no-create", "c", false, "make no files")
	t.define(cmd)
	return cmd
}

// parse reads the size.
func (t *truncateCommand) parse() (err error) {
	text := t.size
	if strings.IndexByte("+-<>/%", text[0]) >= 0 {
		t.operator, text = text[0], text[1:]
	}
	if text == "" || text[0] < '0' || text[0] > '9' {
		return fmt.Errorf("invalid number: '%s'", t.size)
	}
	if t.amount, err = values.ParseSize(text); err == nil && t.amount == 0 && (t.operator == '/' || t.operator == '%') {
		err = errors.New("division by zero")
	}
	return err
}

// sizeOf is the new size of a file of so many bytes.
func (t *truncateCommand) sizeOf(now uint64) (uint64, error) {
	n := t.amount
	switch t.operator {
	case '+':
		n = now + t.amount
		if n < now {
			return 0, syscall.EFBIG
		}
	case '-':
		n = now - min(now, t.amount)
	case '<':
		n = min(now, t.amount)
	case '>':
		n = max(now, t.amount)
	case '/':
		n = now - now%t.amount
	case '%':
		if over := now % t.amount; over != 0 {
			return t.limited(now-over, t.amount)
		}
		n = now
	}
	return t.limited(n, 0)
}

func (t *truncateCommand) limited(n, more uint64) (uint64, error) {
	if n > math.MaxInt64 || more > math.MaxInt64-n {
		return 0, syscall.EFBIG
	}
	return n + more, nil
}

func (t *truncateCommand) truncate(path string) error {
	n, err := t.files.Resolve(t.ctx, path, true)
	if errors.Is(err, syscall.ENOENT) {
		if t.noCreate {
			return nil
		}
		n, err = t.create(path)
	}
	if err != nil {
		return err
	}
	a, err := t.files.Stat(t.ctx, n, 0)
	if err != nil {
		return err
	}
	size, err := t.sizeOf(a.Size)
	if err == nil {
		err = t.files.Truncate(t.ctx, n, size)
	}
	if err != nil {
		return err
	}
	return t.did(done{kind: "truncated", text: fmt.Sprintf("set to %d bytes:", size), path: path, detail: strconv.FormatUint(size, 10)})
}

func (t *truncateCommand) create(path string) (tree.Node, error) {
	dir, name, err := edit.Parent(t.ctx, t.files, path, syscall.EISDIR)
	if err != nil {
		return tree.Node{}, err
	}
	return t.files.Create(t.ctx, dir, name, 0o666)
}
