// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/cmd/scoutfs/internal/values"
	"scoutfs/edit"
	"scoutfs/walk/tree"
)

type touchCommand struct {
	fileChange
	access, modification, noCreate, noDereference bool
	date, stamp, reference                        string
	atime, mtime                                  time.Time
}

func newTouch(env *cli.Env) *cobra.Command {
	t := &touchCommand{fileChange: fileChange{env: env}}
	cmd := &cobra.Command{
		Use:   "touch FILE...",
		Short: "Make empty files and set times, in a volume on its devices too",
		Long: `Sets the times of files to now, or to the time that is given, and makes those
that are not there. With --meta-device paths are inside the volume; otherwise
they are paths on this machine.`,
		Example: `  scoutfs touch --meta-device /dev/meta --data-device /dev/data /flag
  scoutfs touch -d 2026-01-02T15:04:05Z file`,
		RunE: func(cmd *cobra.Command, operands []string) error {
			if len(operands) == 0 {
				return cli.Usagef("missing file operand")
			}
			if err := t.times(); err != nil {
				return err
			}
			return t.run(cmd.Context(), func() error {
				if err := t.referTo(); err != nil {
					return cannot("read the times of", t.reference, err)
				}
				return t.each(operands, "touch", t.touch)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&t.access, "access", "a", false, "set only the time of the last access")
	flags.BoolVarP(&t.modification, "modification", "m", false, "set only the time of the last change")
	flags.BoolVarP(&t.noCreate, "no-create", "c", false, "make no files")
	flags.StringVarP(&t.date, "date", "d", "", "set this `TIME`: 2006-01-02, 2006-01-02T15:04:05Z, SECONDS since 1970, or an age such as 7d")
	flags.StringVarP(&t.reference, "reference", "r", "", "set the times of this `FILE`")
	flags.StringVarP(&t.stamp, "stamp", "t", "", "set the time `[[CC]YY]MMDDHHMM[.SS]`")
	flags.BoolVarP(&t.noDereference, "no-dereference", "h", false, "set times of symbolic links themselves")
	t.define(cmd)
	return cmd
}

// times finds out which times to set. Those of a reference are not known yet.
func (t *touchCommand) times() error {
	now := t.env.Now()
	given := 0
	for _, text := range []string{t.date, t.stamp, t.reference} {
		if text != "" {
			given++
		}
	}
	if given > 1 {
		return cli.Usagef("cannot specify times from more than one source")
	}
	at := now
	var err error
	switch {
	case t.date != "":
		at, err = values.ParseMoment(t.date, now)
	case t.stamp != "":
		at, err = parseStamp(t.stamp, now)
	}
	if err != nil {
		return cli.Usagef("%s", err)
	}
	t.atime, t.mtime = at, at
	if !t.access && !t.modification {
		t.access, t.modification = true, true
	}
	return nil
}

// parseStamp reads a time as touch -t takes it, in the local zone.
func parseStamp(text string, now time.Time) (time.Time, error) {
	layout := "01021504"
	digits := len(text)
	if len(text) > 3 && text[len(text)-3] == '.' {
		layout, digits = layout+".05", digits-3
	}
	switch digits {
	case 8:
		text, layout = fmt.Sprintf("%04d", now.Year())+text, "2006"+layout
	case 10:
		// POSIX: 69 to 99 are of the last century.
		century := "20"
		if text[:2] >= "69" {
			century = "19"
		}
		text, layout = century+text, "2006"+layout
	case 12:
		layout = "2006" + layout
	}
	at, err := time.ParseInLocation(layout, text, now.Location())
	if err != nil {
		return at, fmt.Errorf("invalid date format '%s'", text)
	}
	return at, nil
}

func (t *touchCommand) referTo() error {
	if t.reference == "" {
		return nil
	}
	n, err := t.files.Resolve(t.ctx, t.reference, !t.noDereference)
	if err != nil {
		return err
	}
	a, err := t.files.Stat(t.ctx, n, 0)
	t.atime, t.mtime = a.Atime, a.Mtime
	return err
}

func (t *touchCommand) touch(path string) error {
	n, err := t.files.Resolve(t.ctx, path, !t.noDereference)
	made := false
	if errors.Is(err, syscall.ENOENT) {
		if t.noCreate || t.noDereference {
			return nil
		}
		n, err = t.create(path)
		made = true
	}
	if err != nil {
		return err
	}
	var a edit.Attr
	if t.access {
		a.Atime = &t.atime
	}
	if t.modification {
		a.Mtime = &t.mtime
	}
	if err := t.files.SetAttr(t.ctx, n, a); err != nil {
		return cannot("set times of", path, err)
	}
	if made {
		return t.did(done{kind: "created", path: path})
	}
	return t.did(done{kind: "touched", path: path})
}

func (t *touchCommand) create(path string) (tree.Node, error) {
	dir, name, err := edit.Parent(t.ctx, t.files, path, syscall.EISDIR)
	if err != nil {
		return tree.Node{}, err
	}
	return t.files.Create(t.ctx, dir, name, 0o666)
}
