// SPDX-License-Identifier: GPL-2.0-or-later

package command

import (
	"errors"
	"fmt"
	"os/user"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"scoutfs/cmd/scoutfs/internal/cli"
	"scoutfs/edit"
	"scoutfs/walk/tree"
)

type chownCommand struct {
	fileChange
	recursive, noDereference bool
	attr                     edit.Attr
}

func newChown(env *cli.Env) *cobra.Command {
	c := &chownCommand{fileChange: fileChange{env: env}}
	cmd := &cobra.Command{
		Use:   "chown [OWNER][:[GROUP]] FILE...",
		Short: "Change owner and group of files, in a volume on its devices too",
		Long: `Changes owner, group, or both. They are names as on this machine, or numbers.
OWNER: stands for the owner and his group. Symbolic links are followed, but not
those found with -R. With --meta-device paths are inside the volume; otherwise
they are paths on this machine.`,
		Example: `  scoutfs chown -R 1001:1001 --meta-device /dev/meta --data-device /dev/data /home/user`,
		RunE: func(cmd *cobra.Command, operands []string) (err error) {
			switch len(operands) {
			case 0:
				return cli.Usagef("missing operand")
			case 1:
				return cli.Usagef("missing operand after '%s'", operands[0])
			}
			if c.attr, err = parseOwner(operands[0]); err != nil {
				return err
			}
			return c.run(cmd.Context(), func() error {
				return c.each(operands[1:], "access", c.operandOwner)
			})
		},
	}
	flags := cmd.Flags()
	flags.BoolVarP(&c.recursive, "recursive", "R", false, "change directories and all that is in them")
	flags.BoolVarP(&c.noDereference, "no-dereference", "h", false, "change symbolic links themselves")
	c.define(cmd)
	cli.CommandLineOnly(cmd, "recursive", "no-dereference")
	return cmd
}

func (c *chownCommand) operandOwner(path string) error {
	if c.recursive || !c.noDereference {
		return c.operand(path, c.recursive, c.apply)
	}
	n, err := c.files.Resolve(c.ctx, path, false)
	if err != nil {
		return err
	}
	return c.apply(n)
}

func (c *chownCommand) apply(n tree.Node) error {
	if err := c.files.SetAttr(c.ctx, n, c.attr); err != nil {
		return cannot("change the owner of", n.Path, err)
	}
	return c.did(done{kind: "owner-changed", text: "owner changed of", path: n.Path})
}

// parseOwner reads OWNER, OWNER:GROUP, OWNER: and :GROUP.
func parseOwner(text string) (edit.Attr, error) {
	owner, group, both := strings.Cut(text, ":")
	var a edit.Attr
	if owner != "" {
		id, primary, err := userID(owner)
		if err != nil {
			return a, err
		}
		a.UID = &id
		if both && group == "" {
			if primary == nil {
				return a, cli.Usagef("invalid spec: '%s'", text)
			}
			a.GID = primary
		}
	}
	if group != "" {
		id, err := groupID(group)
		if err != nil {
			return a, err
		}
		a.GID = &id
	}
	return a, nil
}

// userID finds a user by name, or by number. primary is his group if it is
// known.
func userID(text string) (id uint32, primary *uint32, err error) {
	known, lookup := user.Lookup(text)
	if lookup != nil {
		if id, err = numericID("user", text, lookup); err != nil {
			return 0, nil, err
		}
		return id, nil, nil
	}
	uid, err := parseID(known.Uid)
	if err != nil {
		return 0, nil, fmt.Errorf("user '%s': %w", text, err)
	}
	gid, err := parseID(known.Gid)
	if err != nil {
		return 0, nil, fmt.Errorf("group of user '%s': %w", text, err)
	}
	return uid, &gid, nil
}

func groupID(text string) (uint32, error) {
	known, lookup := user.LookupGroup(text)
	if lookup != nil {
		return numericID("group", text, lookup)
	}
	return parseID(known.Gid)
}

// numericID reads the number of a user or group whose name is not known.
func numericID(what, text string, lookup error) (uint32, error) {
	id, err := parseID(strings.TrimPrefix(text, "+"))
	if err == nil {
		return id, nil
	}
	_, noUser := errors.AsType[user.UnknownUserError](lookup)
	_, noGroup := errors.AsType[user.UnknownGroupError](lookup)
	if noUser || noGroup {
		return 0, cli.Usagef("invalid %s: '%s'", what, text)
	}
	return 0, fmt.Errorf("%s '%s': %w", what, text, lookup)
}

// parseID reads a number but the one that stands for no change.
func parseID(text string) (uint32, error) {
	id, err := strconv.ParseUint(text, 10, 32)
	if err == nil && id == 1<<32-1 {
		err = strconv.ErrRange
	}
	return uint32(id), err
}
