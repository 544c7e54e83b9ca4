//! People as small numbers, so that a room of ten thousand is counted in an array.

use hearth_protocol::ids::UserId;
use std::collections::BTreeMap;

#[derive(Debug)]
struct Person {
    user: UserId,
    present: bool,
    /// How many things that are remembered name them.
    held: u32,
}

/// Everybody who is here, or of whom something is remembered.
#[derive(Debug, Default)]
pub struct People {
    numbers: BTreeMap<UserId, u32>,
    by_number: Vec<Option<Person>>,
    free: Vec<u32>,
    present: usize,
}

impl People {
    /// One more than the highest number.
    pub fn len(&self) -> usize {
        self.by_number.len()
    }

    /// How many are here.
    pub fn count_present(&self) -> usize {
        self.present
    }

    /// The number of somebody who is here.
    pub fn present(&self, user: &UserId) -> Option<u32> {
        self.known(user).filter(|number| self.is_present(*number))
    }

    /// The number of somebody who is known.
    pub fn known(&self, user: &UserId) -> Option<u32> {
        self.numbers.get(user).copied()
    }

    /// Whether somebody is here.
    pub fn is_present(&self, number: u32) -> bool {
        self.get(number).is_some_and(|person| person.present)
    }

    /// Who is here under a number.
    pub fn user(&self, number: u32) -> Option<&UserId> {
        self.get(number).filter(|person| person.present).map(|person| &person.user)
    }

    fn get(&self, number: u32) -> Option<&Person> {
        self.by_number.get(number as usize)?.as_ref()
    }

    fn get_mut(&mut self, number: u32) -> Option<&mut Person> {
        self.by_number.get_mut(number as usize)?.as_mut()
    }

    fn number(&mut self, user: &UserId) -> u32 {
        if let Some(number) = self.known(user) {
            return number;
        }
        let person = Person { user: user.clone(), present: false, held: 0 };
        let number = match self.free.pop() {
            Some(number) => {
                self.by_number[number as usize] = Some(person);
                number
            }
            None => {
                self.by_number.push(Some(person));
                u32::try_from(self.by_number.len() - 1).unwrap_or(u32::MAX)
            }
        };
        self.numbers.insert(user.clone(), number);
        number
    }

    /// Somebody comes in.
    pub fn enter(&mut self, user: &UserId) -> u32 {
        let number = self.number(user);
        let came = self.get_mut(number).is_some_and(|person| !std::mem::replace(&mut person.present, true));
        self.present += usize::from(came);
        number
    }

    /// Somebody goes.
    pub fn leave(&mut self, number: u32) {
        let went = self.get_mut(number).is_some_and(|person| std::mem::replace(&mut person.present, false));
        self.present -= usize::from(went);
        self.forget_unused(number);
    }

    /// Something that is remembered names somebody.
    pub fn hold(&mut self, user: &UserId) -> u32 {
        let number = self.number(user);
        self.get_mut(number).into_iter().for_each(|person| person.held += 1);
        number
    }

    /// It is remembered no more.
    pub fn let_go(&mut self, number: u32) {
        self.get_mut(number).into_iter().for_each(|person| person.held -= 1);
        self.forget_unused(number);
    }

    fn forget_unused(&mut self, number: u32) {
        let Some(person) = self.get(number).filter(|person| !person.present && person.held == 0) else { return };
        self.numbers.remove(&person.user.clone());
        self.by_number[number as usize] = None;
        self.free.push(number);
    }
}
