// SPDX-License-Identifier: GPL-2.0-or-later

package corrupt

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"

	"scoutfs/debug/surgery"
	"scoutfs/fsck/problem"
)

// Kind is a kind of damage.
type Kind struct {
	Name    string         // words in lower case with dashes, unique
	Problem problem.Number // what a checker must call it
	// Also are other problems that the same bytes are, so that a checker may
	// name them too.
	Also  []problem.Number
	Needs string // what a volume must have, to come after "no": "quota rule"
	Does  string // a sentence without subject: "Clears a bit that ..."

	apply func(*operation) error
}

// Kinds returns the catalogue, in the order of the problems' numbers.
func Kinds() []Kind {
	kinds := slices.Concat(
		superKinds(), dataSuperKinds(), quorumKinds(), mountKinds(),
		blockKinds(), rootKinds(), shapeKinds(), avlKinds(), orderKinds(), itemKinds(), valueKinds(), hashKinds(),
		listKinds(), allocKinds(), metaOwnerKinds(), dataOwnerKinds(),
		logKinds(), mergeKinds(),
		searchKinds(), compactionKinds(), searchEntryKinds(),
		inodeKinds(), inodeItemKinds(), nameKinds(), linkKinds(), directoryKinds(), orphanKinds(), symlinkKinds(),
		xattrKinds(), indexKinds(), totalKinds(), quotaKinds(),
		extentKinds(),
	)
	slices.SortStableFunc(kinds, func(a, b Kind) int { return int(a.Problem - b.Problem) })
	return kinds
}

// Find returns the kind of a name.
func Find(name string) (Kind, error) {
	for _, k := range Kinds() {
		if k.Name == name {
			return k, nil
		}
	}
	return Kind{}, fmt.Errorf("there is no kind of damage called '%s'", name)
}

// MissingError is a volume that does not have what a kind of damage needs, or
// not where it can be reached. errors.Is(err, syscall.ENOENT) holds.
type MissingError struct{ Kind, Needs string }

// Error says what the volume lacks.
func (e *MissingError) Error() string {
	return fmt.Sprintf("this volume has no %s, which %s needs", e.Needs, e.Kind)
}

// Unwrap returns ENOENT.
func (e *MissingError) Unwrap() error { return syscall.ENOENT }

// errNone says that an operation found no victim.
var errNone = errors.New("nothing to damage")

// Apply makes the damage in the blocks that v holds; nothing is written. Seed
// picks the place. The error is a [*MissingError] if the volume does not have
// what the kind needs; what v holds is then of no use. The volume should have
// no other damage.
func (k Kind) Apply(ctx context.Context, v *surgery.Volume, seed uint64) error {
	op, err := newOperation(ctx, v, rand.New(rand.NewPCG(seed, nameSeed(k.Name))))
	if err == nil {
		err = k.apply(op)
	}
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errNone), errors.Is(err, surgery.ErrNoRoom), errors.Is(err, surgery.ErrNoSpace),
		errors.Is(err, surgery.ErrLastItem), errors.Is(err, surgery.ErrNoDevice):
		return &MissingError{Kind: k.Name, Needs: k.Needs}
	}
	return fmt.Errorf("%s: %w", k.Name, err)
}

// nameSeed makes kinds with one seed pick different places.
func nameSeed(name string) (h uint64) {
	for _, c := range []byte(name) {
		h = h*31 + uint64(c)
	}
	return h
}
