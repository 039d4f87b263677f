//! A small table of words that mean about the same, so that a question in other words finds its passage.

use std::sync::LazyLock;

use super::terms::{Term, Terms, hash};

/// Words of one line mean about the same. A word may be in several lines.
const GROUPS: &str = "
ability capability
accident crash collision
accept approve agree
achieve reach attain accomplish
address location
afraid fear scared
aim goal objective purpose
answer reply response
approach method technique way
area region zone district
argument parameter
ask request query
author writer wrote written
baby infant child kid children
bad poor negative
ban forbid prohibit disallow
begin start commence beginning
big large huge great
boss manager supervisor
branch fork
break fracture broken
brief short
bug defect fault error
build construct make create built
business company firm corporation enterprise
buy purchase acquire bought
cancel abort terminate
capital headquarters
car vehicle automobile
cause reason why lead
change modify alter edit update
cheap inexpensive affordable
check verify validate
choose select pick chose
clever intelligent smart
close shut
cold chilly freezing
collect gather
colour color hue
combine merge join
complete finish end
connect link attach
contract agreement
cook bake prepare
copy duplicate clone
correct right accurate
cost price fee charge
country nation state
cure treatment remedy therapy
customer client buyer
damage harm injury
danger hazard risk dangerous
data dataset
deadline due
death die died dead
debt loan
decrease reduce decline drop lower fall
default standard
delay wait postpone
delete remove erase
deliver ship shipment delivery
developer programmer engineer
device machine apparatus
dictionary hash map
different distinct
difficult hard challenging
disease illness sickness
doctor physician
dog puppy
earn income salary wage pay
earth world planet globe
eat consume food meal
education school teaching
employee worker staff personnel
employer company
empty blank
energy power
error failure mistake
evaluate assess measure
evidence proof
examine inspect
exit quit
expensive costly
fast quick rapid speed
famous known renowned
father dad parent
fire dismiss
fix repair mend correct
flat apartment
forecast prediction predict
found establish created
free gratis
function method routine procedure
garbage trash waste rubbish
gift present
glad happy
government administration
grow increase rise growth
guarantee warranty
guess estimate
height tall high
help assist aid support
hire recruit employ
holiday vacation leave
home house residence
hospital clinic
huge enormous
idea concept notion
image picture photo figure
important significant essential key
improve enhance better
inhabitant population resident people live
input entry
insert add append
invent inventor create
job occupation work position role
journey trip travel
kill stop end terminate
language tongue
law legislation regulation
lawyer attorney
layer level
learn study train
length long
limit maximum cap max
list array
lose lost
love like
maintain keep
mail email post
many number count
medicine drug medication
meeting conference
memory ram storage
mix blend
money cash funds
mother mum parent
movie film
network web
new recent latest
notice notify alert
number count amount quantity
occur happen
often frequency frequently
old ancient age
open launch
order purchase
owner proprietor
parse read
part component piece section
password credential
payment pay paid
people person persons
period duration time
permit allow let
photo photograph
phone telephone
place location site
plant factory
pollution contamination
price cost
problem issue
produce generate output
product item
profit earnings gain
program software application app
protect guard secure safe
quality grade
quick fast
quantity volume
rain rainfall precipitation
raise throw
rate speed
rebate discount
receive get obtain
refund reimbursement reimburse money
regulate control
reject refuse decline deny
rent lease
repeat retry again
replace substitute swap
result outcome
revenue sales turnover
rich wealthy
river stream
road street
rubbish waste
rule regulation policy
save store
school college university
sea ocean
search find look
seat chair
secret confidential private
sell sale sold
send transmit submit
server host
ship boat vessel
shop store
show display
sick ill
size dimension
sleep rest
small little tiny
spend expense
split divide separate
stop halt end
story tale
strong powerful
student pupil learner
summary overview
teacher instructor
team group
temperature heat hot warm
test trial experiment
thread concurrent parallel
time hour when
timeout deadline
tool instrument
town city municipality
train railway
translate translation
trust confidence
understand comprehend
user account
value worth
warn warning caution
watch observe monitor
water liquid
weather climate
weigh weight heavy
wide width broad
win won winner
word term
wrong incorrect false
year annual annually yearly
";

/// A word that means about the same as another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Synonym {
    pub(super) term: Term,
    /// The first two letters of the word.
    pub(super) start: [u8; 2],
}

/// The groups, and each term of them with the number of its group; by term, then group.
struct Table {
    groups: Vec<Vec<Synonym>>,
    by_term: Vec<(Term, usize)>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let terms = Terms::new();
    let synonym = |word: &str| {
        let stem = terms.stem(word);
        Synonym { term: hash(&stem), start: start(word) }
    };
    let lines = GROUPS.lines().filter(|line| !line.is_empty());
    let groups: Vec<Vec<Synonym>> = lines.map(|line| line.split(' ').map(synonym).collect()).collect();
    let members =
        groups.iter().enumerate().flat_map(|(number, group)| group.iter().map(move |word| (word.term, number)));
    let mut by_term: Vec<(Term, usize)> = members.collect();
    by_term.sort_unstable();
    Table { groups, by_term }
});

fn start(word: &str) -> [u8; 2] {
    let mut bytes = word.bytes();
    [bytes.next().unwrap_or_default(), bytes.next().unwrap_or_default()]
}

/// The words that mean about the same as this one, in the order of their terms, without repeats.
pub(super) fn of(term: Term) -> Vec<Synonym> {
    let table = &*TABLE;
    let start = table.by_term.partition_point(|(member, _)| *member < term);
    let same = table.by_term[start..].iter().take_while(|(member, _)| *member == term);
    let mut found: Vec<Synonym> = same.flat_map(|(_, group)| table.groups[*group].iter().copied()).collect();
    found.sort_unstable();
    found.dedup_by_key(|synonym| synonym.term);
    found.retain(|synonym| synonym.term != term);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn synonyms(word: &str) -> Vec<Term> {
        of(Terms::new().term(word)).iter().map(|synonym| synonym.term).collect()
    }

    #[test]
    fn synonyms_are_mutual_and_found_in_any_form() {
        let terms = Terms::new();
        assert!(synonyms("buying").contains(&terms.term("purchased")));
        assert!(synonyms("purchase").contains(&terms.term("buy")));
        assert!(!synonyms("buy").contains(&terms.term("buy")));
        assert_eq!(synonyms("transformer"), []);
    }

    #[test]
    fn each_line_has_several_words() {
        assert!(GROUPS.lines().filter(|line| !line.is_empty()).all(|line| line.split(' ').count() >= 2));
    }
}
